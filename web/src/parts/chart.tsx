import type { JSX } from "preact";
import type { TaskStatsWire } from "../../../src/client/schemas.ts";
import { formatCount, plural } from "../format.ts";

export interface Day {
  /** `2026-01-31` in the viewer's time zone. */
  readonly date: string;
  readonly succeeded: number;
  readonly others: number;
}

const DAY_FORMAT = new Intl.DateTimeFormat("en", { weekday: "short", day: "numeric", month: "short" });

const localDate = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");

/** The viewer's last days out of UTC hours; the oldest first, days without tasks too. */
export function daysOf(hours: TaskStatsWire["hours"], count: number, now: Date): readonly Day[] {
  const sums = new Map<string, { succeeded: number; others: number }>();
  for (const { hour, outcome, tasks } of hours) {
    const date = localDate(new Date(`${hour}:30:00Z`));
    const sum = sums.get(date) ?? { succeeded: 0, others: 0 };
    sum[outcome === "succeeded" ? "succeeded" : "others"] += tasks;
    sums.set(date, sum);
  }
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index));
    const date = localDate(day);
    return { date, ...(sums.get(date) ?? { succeeded: 0, others: 0 }) };
  });
}

const WIDTH = 560;
const HEIGHT = 150;
const FOOT = 20;
const HEAD = 14;

const nameOf = (date: string): string => DAY_FORMAT.format(new Date(`${date}T12:00:00`));

const sayDay = ({ date, succeeded, others }: Day): string =>
  `${nameOf(date)}: ${formatCount(succeeded)} succeeded, ${formatCount(others)} did not`;

/** Bars of days: what succeeded below, the rest on top. The same as a table for who can't see it. */
export function DaysChart({ days }: { readonly days: readonly Day[] }): JSX.Element {
  const most = Math.max(1, ...days.map(({ succeeded, others }) => succeeded + others));
  const step = WIDTH / days.length;
  const scale = (HEIGHT - FOOT - HEAD) / most;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
        {days.map((day, index) => (
          <Bar key={day.date} day={day} x={index * step} step={step} scale={scale} />
        ))}
      </svg>
      <table class="unseen">
        <caption>Tasks per day</caption>
        <tbody>
          {days.map((day) => (
            <tr key={day.date}>
              <td>{sayDay(day)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

interface BarProps {
  readonly day: Day;
  readonly x: number;
  readonly step: number;
  readonly scale: number;
}

function Bar({ day, x, step, scale }: BarProps): JSX.Element {
  const { date, succeeded, others } = day;
  const width = Math.min(30, step * 0.62);
  const left = x + (step - width) / 2;
  const foot = HEIGHT - FOOT;
  const good = succeeded * scale;
  const bad = others * scale;
  const total = succeeded + others;
  return (
    <g>
      <title>{sayDay(day)}</title>
      <rect class="hit" x={x} y="0" width={step} height={foot} />
      <rect class="good" x={left} y={foot - good} width={width} height={good} rx="2" />
      <rect class="bad" x={left} y={foot - good - bad} width={width} height={bad} rx="2" />
      {total > 0 && (
        <text x={x + step / 2} y={foot - good - bad - 4}>
          {formatCount(total)}
        </text>
      )}
      <text class="day" x={x + step / 2} y={HEIGHT - 6}>
        {Number(date.slice(-2))}
      </text>
    </g>
  );
}

/** `98% of 240 tasks succeeded`. */
export function successOf(days: readonly Day[]): string {
  const total = days.reduce((sum, { succeeded, others }) => sum + succeeded + others, 0);
  const good = days.reduce((sum, { succeeded }) => sum + succeeded, 0);
  return total === 0
    ? "no task has ended"
    : `${Math.floor((good / total) * 100)}% of ${plural(total, "task")} succeeded`;
}
