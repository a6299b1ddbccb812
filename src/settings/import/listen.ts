import type { Draft } from "./draft.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 5000;

/** The address that Flask listened on: `listen_ip` and `listen_port`. */
export function takeListen(draft: Draft, host: unknown = DEFAULT_HOST, port: unknown = DEFAULT_PORT): void {
  const address = `${hostOf(draft, host)}:${portOf(draft, port)}`;
  draft.listen(address);
}

function hostOf(draft: Draft, host: unknown): string {
  if (typeof host === "string" && /^[0-9a-fA-F:.]+:[0-9a-fA-F:.]*$/.test(host)) return `[${host}]`;
  if (typeof host === "string" && /^[A-Za-z0-9.-]+$/.test(host)) return host;
  draft.note(`listen_ip: ${JSON.stringify(host)} is no address; it listens on ${DEFAULT_HOST}`);
  return DEFAULT_HOST;
}

function portOf(draft: Draft, port: unknown): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  draft.note(`listen_port: ${JSON.stringify(port)} is no port; it listens on ${DEFAULT_PORT}`);
  return DEFAULT_PORT;
}

/** What has no place here: Hookwright's own log says what it says. */
export function noteLogLevel(draft: Draft, level: unknown): void {
  if (level !== undefined)
    draft.note(`log_level: there is no such setting here; the server's log has what matters`);
}
