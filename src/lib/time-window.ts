import { Cron } from "croner";

/** Times that come again, or once. */
export interface TimeWindow {
  /** When the window ends that `at` is in; null: it is in none. */
  endOf(at: Date): Date | null;
}

export interface CronWindow {
  /** When it begins: five fields of cron, in local time of the zone. */
  readonly cron: string;
  /** Elapsed time: on a day on which clocks are changed it lasts as long as on any other. */
  readonly durationMs: number;
  /** Of the IANA database, such as Europe/Paris. */
  readonly timezone: string;
}

export interface WallWindow {
  /** `Fri 17:00`, every week, or `2026-12-23` or `2026-12-23 18:00`, once. Local time of the zone. */
  readonly from: string;
  /** In the same form: the first moment after it. By the clock on the wall, whatever happens to it in between. */
  readonly until: string;
  readonly timezone: string;
}

/**
 * Local times that do not exist (clocks go forward) stand for the first moment after the gap; of those that come twice the
 * first counts. Throws with a sentence on what can't be read.
 */
export function createTimeWindow(window: CronWindow | WallWindow): TimeWindow {
  checkZone(window.timezone);
  if ("cron" in window) return cronWindow(window);
  const from = clockTime(window.from);
  const until = clockTime(window.until);
  if (from.weekly !== until.weekly) throw new Error("from and until must both be weekly, or both be dates");
  if (from.pattern === until.pattern) throw new Error("from and until are the same time");
  const begins = new Cron(from.pattern, { timezone: window.timezone, paused: true });
  const ends = new Cron(until.pattern, { timezone: window.timezone, paused: true });
  if (!from.weekly && from.pattern > until.pattern) throw new Error("until is before from");
  return between(begins, (start) => ends.nextRun(start));
}

function cronWindow({ cron, durationMs, timezone }: CronWindow): TimeWindow {
  if (cron.trim().split(/\s+/).length !== 5) throw new Error("expected the five fields of cron");
  const begins = new Cron(cron, { timezone, paused: true });
  if (begins.nextRun(new Date(0)) === null) throw new Error(`${cron} never comes`);
  return between(begins, (start) => new Date(start.getTime() + durationMs));
}

function between(begins: Cron, endAfter: (start: Date) => Date | null): TimeWindow {
  return {
    endOf(at) {
      // The window that begins just now counts, which a reference time does not.
      const [start] = begins.previousRuns(1, new Date(at.getTime() + 1));
      const end = start === undefined ? null : endAfter(start);
      return end !== null && end > at ? end : null;
    },
  };
}

function checkZone(timezone: string): void {
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    throw new Error(`${timezone} is no time zone; expected a name such as Europe/Paris`);
  }
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const WEEKLY = /^(sun|mon|tue|wed|thu|fri|sat)[a-z]* ([01]?\d|2[0-3]):([0-5]\d)$/i;
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d))?$/;

interface ClockTime {
  readonly weekly: boolean;
  readonly pattern: string;
}

function clockTime(text: string): ClockTime {
  const [, day = "", hour = "", minute = ""] = WEEKLY.exec(text) ?? [];
  if (day !== "") {
    const weekday = DAYS.indexOf(day.toLowerCase());
    return { weekly: true, pattern: `${Number(minute)} ${Number(hour)} * * ${weekday}` };
  }
  const [, year = "", month = "", date = "", hours = "00", minutes = "00"] = DATE.exec(text) ?? [];
  if (year === "" || !isDate(Number(year), Number(month), Number(date))) {
    throw new Error(`${text} is no time; expected one such as "Fri 17:00", 2026-12-23 or "2026-12-23 18:00"`);
  }
  return { weekly: false, pattern: `${year}-${month}-${date}T${hours}:${minutes}:00` };
}

/** Not the 30th of February. */
function isDate(year: number, month: number, date: number): boolean {
  const parsed = new Date(Date.UTC(year, month - 1, date));
  return parsed.getUTCMonth() === month - 1 && parsed.getUTCDate() === date;
}
