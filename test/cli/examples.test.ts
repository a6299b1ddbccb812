import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leavesOf, pathOf } from "../../src/cli/command.ts";
import { createProgram } from "../../src/cli/program.ts";
import { CLI_SECRET, cliSettings } from "../support/cli-settings.ts";
import { BIN, cliEnv, createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";
import { startTestRelay } from "../support/relay.ts";
import { startReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

type Command = ReturnType<typeof createProgram>;

/** Every command that does something. */
const commands = leavesOf(createProgram());

/** What `--help` shows under Examples. */
function examplesOf(command: Command): string[] {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [, list = ""] = help.split("\nExamples:\n");
  return [...list.matchAll(/^ {2}\$ (.+)$/gm)].map(([, line = ""]) => line);
}

const examples = commands.flatMap((command) =>
  examplesOf(command).map((line) => ({ path: pathOf(command), line })),
);
/** These serve until they are told to end; `demo` needs what they write, and is in the test of the first run. */
const SERVING = new Set(["start", "serve", "relay", "listen"]);
const forwarding = examples.filter(({ path }) => path === "forward");
/** `migrate-store` needs a PostgreSQL: test/e2e/move-store.postgres.test.ts runs it. */
const ELSEWHERE = new Set(["demo", "migrate-store", "forward"]);
const ending = examples.filter(({ path }) => !SERVING.has(path) && !ELSEWHERE.has(path));
const serving = examples.filter(({ path }) => SERVING.has(path));

const EMPTY = "server: { listen: 127.0.0.1:0 }\nsources: {}\nactions: {}\n";
const theirs = `
automata:
  - endpoint: { suffix: deploy, provider: github, secret_token: theirs }
    action: { type: commands, commands: [echo one] }
`;

const FACTORY = "notify: { webhooks: [{ url: https://example.com/webhook, secret_name: ops }] }\n";

const ARGO_TOKEN = "the-token-argo-cd-sends";
/** With an application whose revisions are remembered. */
const withArgo = cliSettings
  .replace("sources:\n", `sources:\n  argo: { kind: argocd, secrets: ["${ARGO_TOKEN}"] }\n`)
  .replace(
    "actions:\n",
    `actions:
  back:
    on: [{ source: argo, event: health, when: "event.status == 'Degraded'" }]
    steps: [{ run: [echo, back] }]
`,
  );

let receiver: Receiver;
let place: Place;
let url: string;

beforeAll(async () => {
  receiver = await startReceiver();
  place = await createPlace(
    `${withArgo}outbound: { allow: [127.0.0.0/8] }\nnotify: { ops: { kind: jobserv, url: "${receiver.url}", secret: s } }\n`,
  );
  await place.write("factory-config.yml", FACTORY);
  await mkdir(join(place.dir, "bin"));
  await place.write("bin/hookwright", `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  await chmod(join(place.dir, "bin/hookwright"), 0o755);
  await mkdir(join(place.dir, "etc"));
  await place.write("settings.yaml", theirs);
  await place.write("hooks.json", '[{"id":"a","execute-command":"/bin/true"}]');
  await bash("git init -q . && git -c user.name=n -c user.email=e commit -q --allow-empty -m one");
  ({ url } = await place.serve());
});
afterAll(async () => {
  await place.close();
  await receiver.close();
});

/** As a person would type it, but that what is in /etc stands in the place. */
function bash(line: string) {
  const script = `set -o pipefail; ${line.replaceAll("/etc/hookwright/", `${place.dir}/etc/`)}`;
  const env = cliEnv(place.dir, { PATH: `${place.dir}/bin:${process.env["PATH"] ?? ""}` });
  return execa("bash", ["-c", script], { cwd: place.dir, env, extendEnv: false, reject: false, all: true });
}

const addUser = (): Promise<unknown> => bash("echo a-long-password | hookwright user add dscape || true");

/** What has to be there before an example can work. */
const PREPARE: Readonly<Record<string, () => Promise<unknown>>> = {
  check: () => place.write("etc/hookwright.yaml", EMPTY),
  doctor: () => chmod(join(place.dir, "hookwright.yaml"), 0o600),
  releases: releaseTwice,
  rollback: async () => {
    await releaseTwice();
    await beHealthyTwice();
  },
  "user add": () => bash("rm -f password"),
  "user passwd": addUser,
  "user disable": addUser,
  "user enable": addUser,
  "user token": addUser,
  "user revoke": async () => {
    await addUser();
    await bash("hookwright user token dscape ci");
  },
  approve: () => bash("hookwright trigger careful"),
  cancel: () => bash("hookwright trigger wait"),
  "channel create": () => bash("hookwright channel remove demo || true"),
  "channel remove": () => bash("hookwright channel create demo || true"),
  "token revoke": () => bash("hookwright token create ci || true"),
  "secrets remove": () => bash("echo a-secret | hookwright secrets set ops"),
  "token create": () => bash("hookwright token revoke ci || true"),
  follow: deployOnce,
  logs: deployOnce,
  retry: deployOnce,
  explain: push,
  replay: push,
};

async function deployOnce(): Promise<void> {
  const { exitCode } = await bash('hookwright trigger deploy --param sha="$(git rev-parse HEAD)" --follow');
  expect(exitCode).toBe(0);
}

async function releaseTwice(): Promise<void> {
  for (let count = 0; count < 2; count += 1) {
    const { exitCode } = await bash("hookwright trigger release --follow");
    expect(exitCode).toBe(0);
  }
}

async function beHealthyTwice(): Promise<void> {
  for (const revision of ["1a2b3c4".padEnd(40, "0"), "5d6e7f8".padEnd(40, "0")]) {
    const body = JSON.stringify({ app: "shop", status: "Healthy", revision });
    const headers = { authorization: `Bearer ${ARGO_TOKEN}` };
    const response = await fetch(`${url}/hooks/argo`, { method: "POST", headers, body });
    expect(response.status).toBe(202);
  }
}

async function push(): Promise<void> {
  const { body, headers } = githubPush({ secret: CLI_SECRET });
  const response = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  expect(response.status).toBe(202);
}

describe("the examples of --help", () => {
  it.each(commands.map((command) => [pathOf(command), examplesOf(command)] as const))(
    "are there: %s",
    (_path, lines) => {
      expect(lines).not.toEqual([]);
    },
  );

  it.each(ending)("work: $line", async ({ path, line }) => {
    await PREPARE[path]?.();
    const target = line.replace(" --dir /etc/hookwright", ` --dir ${place.dir}/made`);
    const ran = await bash(target);
    expect({ exitCode: ran.exitCode, said: ran.all }).toMatchObject({ exitCode: 0 });
  });

  it.each(forwarding)("forward until SIGTERM: $line", async ({ line }) => {
    const relay = await startTestRelay();
    const words = line
      .replace(/^hookwright /, "")
      .replace("https://relay.example.com/CHANNEL", `${relay.url}/closed`)
      .replace("https://smee.io/CHANNEL", `${relay.url}/open`)
      .split(" ");
    const child = place.begin(words, { env: { HOOKWRIGHT_RELAY_TOKEN: relay.token } });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => said.includes('"Forwarding"'), { what: `${line} to forward` });
    child.kill("SIGTERM");
    expect(await child).toMatchObject({ exitCode: 0 });
    await relay.close();
  });

  it.each(serving)("serve until SIGTERM: $line", async ({ path, line }) => {
    const other = await createPlace(EMPTY);
    await other.write("webhook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const words = line
      .replace(/^hookwright /, "")
      .replace("/etc/hookwright/", `${other.dir}/`)
      .replace("--listen 8081", "--listen 0")
      .split(" ");
    if (path === "listen") words.push("--listen", "0");
    const child = other.begin(words);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => /"Serving"|Listening on/.test(said), { what: `${line} to serve` });
    child.kill("SIGTERM");
    expect(await child).toMatchObject({ exitCode: 0 });
    await other.close();
  });
});
