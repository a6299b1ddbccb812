import type { DestinationStream } from "pino";
import pc from "picocolors";

const LEVELS: Readonly<Record<number, string>> = {
  10: pc.gray("trace"),
  20: pc.gray("debug"),
  30: pc.cyan("info "),
  40: pc.yellow("warn "),
  50: pc.red("error"),
  60: pc.bgRed("fatal"),
};

/** Turns pino's JSON lines into lines for people: time, level, message, then the other fields as `key=value`. */
export function prettyLog(target: DestinationStream): DestinationStream {
  return { write: (line) => target.write(format(line)) };
}

function format(line: string): string {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null) return line;
  const { level, time, msg, err, ...rest } = Object.fromEntries(Object.entries(entry));
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const fields = Object.entries(rest).map(([key, value]) => pc.gray(`${key}=${plain(value)}`));
  const words = [pc.gray(clock), LEVELS[Number(level)] ?? "", plain(msg ?? ""), ...fields];
  return `${words.filter((word) => word !== "").join(" ")}\n${stackOf(err)}`;
}

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function stackOf(err: unknown): string {
  if (typeof err !== "object" || err === null || !("stack" in err)) return "";
  return typeof err.stack === "string" ? `${err.stack}\n` : "";
}
