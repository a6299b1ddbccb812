import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makePush, type Push, pushOf, type SendOptions, sendPush } from "./push.ts";
import { hasWebhook, hookwright, octokit, type Peer, webhook } from "./servers.ts";
import { stopSending } from "./stopped.ts";

/** What came of one bad input at each server, in the servers' order. */
export interface InputRow {
  readonly input: string;
  readonly results: readonly string[];
}

export interface Inputs {
  readonly servers: readonly string[];
  readonly rows: readonly InputRow[];
}

/** A moment after which a command that an input has started has run. */
const COMMAND_MS = 500;
const SLOW_MS = 35_000;
const LARGE_BYTES = 64 * 1024 * 1024;
const SENT = 3;

const unsigned = ({ headers, ...push }: Push): Push => {
  const { "x-hub-signature-256": _signature, ...rest } = headers;
  return { ...push, headers: rest };
};
const wronglySigned = (push: Push): Push => ({
  ...push,
  headers: { ...push.headers, "x-hub-signature-256": `sha256=${"0".repeat(64)}` },
});
const large = (): Push => {
  const { commit, body } = makePush();
  return pushOf(commit, body.replace(/^\{/, `{"padding":"${"x".repeat(LARGE_BYTES)}",`));
};

/** Each is signed rightly, unless it says otherwise. */
const INPUTS: Readonly<Record<string, () => SendOptions>> = {
  "wrong signature": () => ({ push: wronglySigned(makePush()) }),
  "no signature": () => ({ push: unsigned(makePush()) }),
  "malformed JSON": () => ({ push: pushOf("", '{"ref": "refs/heads/main", "head_commit": {') }),
  "body of 64 MiB": () => ({ push: large() }),
  "wrong method (PUT)": () => ({ method: "PUT" }),
};

/** What each server answers to what it should not take, and whether it runs the command all the same. */
export async function measureInputs(dir: string): Promise<Inputs> {
  const makers = [ours, ...(hasWebhook() ? [adnanh] : []), octokits];
  const found: Measured[] = [];
  for (const [index, peerFor] of makers.entries())
    found.push(await measureOne(peerFor, join(dir, `inputs-${index}`)));
  const inputs = Object.keys(found[0]?.results ?? {});
  const rows = inputs.map((input) => ({
    input,
    results: found.map(({ results }) => results[input] ?? ""),
  }));
  return { servers: found.map(({ name }) => name), rows };
}

type PeerFor = (file: string) => Peer;

const command = (file: string): [string, ...string[]] => ["/bin/sh", "-c", `echo ran >> ${file}`, "sh"];

const ours: PeerFor = (file) =>
  hookwright({
    actions: `  note: { on: [{ source: app, event: push }], steps: [{ run: ${JSON.stringify(command(file))} }] }\n`,
  });
const adnanh: PeerFor = (file) => webhook({ command: command(file), fires: true });
const octokits: PeerFor = (file) => octokit({ command: command(file) });

interface Measured {
  readonly name: string;
  /** By input. */
  readonly results: Readonly<Record<string, string>>;
}

async function measureOne(peerFor: PeerFor, dir: string): Promise<Measured> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "ran.txt");
  writeFileSync(file, "");
  const peer = peerFor(file);
  const server = await peer.start(dir);
  try {
    const slow = slowBody(server.url);
    const results: Record<string, string> = {};
    for (const [input, make] of Object.entries(INPUTS)) {
      const before = runs(file);
      const answer = await answerTo(server.url, make());
      await delay(COMMAND_MS);
      results[input] = runs(file) > before ? `${answer}, and the command runs` : answer;
    }
    results[`one delivery ${SENT} times`] = await repeatedly(server.url, file);
    results["body that stops"] = await slow;
    return { name: peer.name, results };
  } finally {
    await server.stop();
  }
}

const runs = (file: string): number => readFileSync(file, "utf8").length;

const answerTo = (url: string, options: SendOptions): Promise<string> =>
  sendPush(url, options).then(
    ({ status }) => String(status),
    () => "connection closed",
  );

async function repeatedly(url: string, file: string): Promise<string> {
  const push = makePush();
  const before = runs(file);
  const answers: string[] = [];
  for (let time = 0; time < SENT; time += 1) answers.push(await answerTo(url, { push }));
  await delay(COMMAND_MS);
  return `${answers.join(", ")}; the command runs ${(runs(file) - before) / "ran\n".length} times`;
}

async function slowBody(url: string): Promise<string> {
  const { ended, status } = await stopSending(url, { part: "body", giveUpMs: SLOW_MS });
  const ms = await ended;
  const end =
    ms === null ? `still open after ${SLOW_MS / 1_000} s` : `closed after ${(ms / 1_000).toFixed(0)} s`;
  return `${status() ?? "no answer"}, ${end}`;
}
