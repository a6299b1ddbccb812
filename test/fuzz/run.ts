import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { z } from "zod";
import { ERRORS } from "../../src/domain/errors.ts";
import { githubPush } from "../support/push.ts";
import { startServerProcess, type ServerProcess } from "../support/server-process.ts";
import { anyInput } from "./inputs.ts";
import { anyBytes } from "./raw-inputs.ts";
import { createHttpSender, sendBytes, type Answered } from "./send.ts";
import { FUZZED, FUZZED_SETTINGS } from "./sources.ts";

export interface FuzzOptions {
  /** Requests in all. One of six is raw bytes on a connection of its own. */
  readonly count: number;
  readonly seed: number;
  readonly onProgress?: (sent: number, rssMiB: number) => void;
}

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  readonly connections: number;
  /** Status → how often. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Most memory that the server had. */
  readonly maxRssMiB: number;
  /** What must not be: the first few, each with what led to it. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

const BATCH = 50;
const MAX_FAULTS = 10;

/** Sends broken webhooks of every kind, and broken bytes, to a real server in a process of its own. */
export async function runFuzz({ count, seed, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-fuzz-"));
  await writeFile(join(dir, "hookwright.yaml"), FUZZED_SETTINGS);
  const server = startServerProcess({ dir });
  try {
    return await fuzz({ count, seed, onProgress, server, url: await server.serving });
  } finally {
    server.kill("SIGKILL");
    await server.exited;
    await rm(dir, { recursive: true, force: true });
  }
}

interface Running {
  readonly count: number;
  readonly seed: number;
  readonly onProgress: FuzzOptions["onProgress"];
  readonly server: ServerProcess;
  readonly url: string;
}

async function fuzz({ count, seed, onProgress, server, url }: Running): Promise<FuzzReport> {
  const started = performance.now();
  const statuses = new Map<string, number>();
  const faults: string[] = [];
  const http = createHttpSender(url);
  const totals = { requests: 0, connections: 0, rss: 0 };
  const count1 = (status: string): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const blame = (what: string, input: unknown): void => {
    if (faults.length < MAX_FAULTS) faults.push(`${what}: ${describe(input)}`);
  };

  for (
    let batch = 0;
    totals.requests + totals.connections < count && faults.length < MAX_FAULTS;
    batch += 1
  ) {
    const size = Math.min(BATCH, count - totals.requests - totals.connections);
    const options = { numRuns: size, seed: seed + batch };
    if (batch % 6 === 5) {
      totals.connections += size;
      await Promise.all(
        fc.sample(anyBytes, options).map(async (input) => {
          const answers = await sendBytes(url, input);
          for (const status of answers) count1(`raw ${status}`);
          if (answers.length === 0) count1("raw closed");
          if (answers.some((status) => status >= 500 && status !== 503))
            blame(`bytes were answered with ${answers.join()}`, input);
        }),
      );
    } else {
      totals.requests += size;
      await Promise.all(
        fc.sample(anyInput, options).map(async (input) => {
          const answered = await http.send(input);
          count1(String(answered.status));
          const wrong = faultOf(answered);
          if (wrong !== null) blame(wrong, input);
        }),
      );
    }
    totals.rss = Math.max(totals.rss, await rssMiB(server.pid));
    if (server.child.exitCode !== null || server.child.signalCode !== null) {
      blame("the server ended", server.output().slice(-2_000));
      break;
    }
    if (batch % 100 === 99) onProgress?.(totals.requests + totals.connections, totals.rss);
  }
  http.close();
  if (server.child.exitCode === null) faults.push(...(await stillWorks(url)));
  return {
    seed,
    requests: totals.requests,
    connections: totals.connections,
    statuses: Object.fromEntries([...statuses].toSorted(([one], [other]) => one.localeCompare(other))),
    maxRssMiB: Math.round(totals.rss),
    faults,
    seconds: Math.round((performance.now() - started) / 1_000),
  };
}

const problem = z.looseObject({ code: z.string(), status: z.number() });

/** A status of 500 or more is none of a sender's doing, but for the documented 503. Problems have a code of the catalogue. */
function faultOf({ status, body }: Answered): string | null {
  if (status === "closed") return null;
  if (status >= 500 && status !== 503) return `answered with ${status} ${body.slice(0, 300)}`;
  if (status < 400 || body === "") return null;
  const parsed = problem.safeParse(parse(body));
  // JobServ's senders are answered in words.
  if (!parsed.success)
    return body.startsWith("Invalid HMAC Sig")
      ? null
      : `answered ${status} with no problem: ${body.slice(0, 300)}`;
  return Object.hasOwn(ERRORS, parsed.data.code)
    ? null
    : `answered with the unknown code ${parsed.data.code}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Afterwards an ordinary webhook is taken as ever. */
async function stillWorks(url: string): Promise<string[]> {
  const secret = FUZZED.find(({ kind }) => kind === "github")?.secret ?? "";
  const { headers, body } = githubPush({ secret });
  const response = await fetch(`${url}/hooks/github`, {
    method: "POST",
    headers,
    body: new Uint8Array(body),
  });
  return response.status === 202 ? [] : [`an ordinary push was answered with ${response.status}`];
}

/** Resident memory of a process; 0 when it has gone. */
async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  return Number(kib) / 1_024;
}

const describe = (input: unknown): string =>
  (
    JSON.stringify(input, (_key, value: unknown) =>
      typeof value === "object" &&
      value !== null &&
      "type" in value &&
      value.type === "Buffer" &&
      "data" in value &&
      Array.isArray(value.data)
        ? Buffer.from(value.data).toString("latin1")
        : value,
    ) ?? ""
  ).slice(0, 3_000);
