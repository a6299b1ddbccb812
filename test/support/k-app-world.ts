import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { hashPassword } from "../../src/lib/passwords.ts";
import { type FakeGithub, startFakeGithub } from "../fakes/github-api.ts";
import { startTestServer, type TestServer } from "./server.ts";

export const KAPP_TOKEN = "k-app's token";
const EXAMPLE = fileURLToPath(new URL("../../examples/k-app/hookwright.yaml", import.meta.url));
const REAL_PATH = process.env["PATH"] ?? "";
const CLONES = ["kapp", "kapp-staging"];

interface KappCommits {
  readonly old: string;
  readonly good: string;
  readonly unsigned: string;
  readonly behind: string;
  readonly loose: string;
}

/** A server with the example's settings, and what its actions work with, in a folder that stands for `/srv`. */
export interface KappWorld {
  readonly server: TestServer;
  readonly github: FakeGithub;
  readonly commits: KappCommits;
  /** The example's settings, for another server. */
  readonly settings: string;
  /** The environment that K-App's server was started with. */
  readonly env: { readonly PORT: string; readonly TOKEN_HASH: string };
  inDir(name: string): string;
  headOf(clone: string): Promise<string>;
  /** How the programs were called. */
  calls(): Promise<string[]>;
  /** As nothing had been deployed. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  return (await execa("git", ["-c", "user.name=K", "-c", "user.email=k@example.com", ...args], { cwd }))
    .stdout;
}

/** K-App as its servers have it: a clone whose `origin` has newer commits, and the folder that migrations run in. */
async function makeRepositories(dir: string): Promise<KappCommits> {
  const origin = join(dir, "origin");
  await mkdir(join(origin, "packages/server"), { recursive: true });
  await git(origin, "init", "--quiet", "--initial-branch=master");
  await writeFile(join(origin, "packages/server/package.json"), "{}");
  await git(origin, "add", "--all");
  const commits = { old: "", behind: "", unsigned: "", loose: "", good: "" };
  for (const name of ["old", "behind", "unsigned", "loose", "good"] as const) {
    await git(origin, "commit", "--quiet", "--allow-empty", "--message", name);
    commits[name] = await git(origin, "rev-parse", "HEAD");
  }
  for (const clone of CLONES) await git(dir, "clone", "--quiet", origin, clone);
  return commits;
}

/**
 * The programs that the steps call. Each writes down how it was called, fails where `failing` says so, and where there is
 * a file `gated` waits until somebody has taken `waiting` away. git is the real one behind that gate.
 */
async function makePrograms(inDir: (...parts: string[]) => string): Promise<void> {
  await mkdir(inDir("bin"));
  const { stdout: realGit } = await execa("which", ["git"]);
  const gate = `#!/bin/sh
if [ -e ${inDir("gated")} ]; then
  : > ${inDir("waiting")}
  while [ -e ${inDir("waiting")} ]; do sleep 0.01; done
fi
`;
  const noted = (name: string): string => `${gate}
echo "${name} $* in $(basename "$PWD")" >> ${inDir("calls")}
echo "this is ${name} $*"
if grep -qxF "${name} $*" ${inDir("failing")}; then exit 3; fi
`;
  const scripts = {
    yarn: noted("yarn"),
    systemctl: noted("systemctl"),
    git: `${gate}exec ${realGit} "$@"\n`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(inDir("bin", name), script);
    await chmod(inDir("bin", name), 0o755);
  }
}

const fakeGithub = ({ good, behind, loose, unsigned }: KappCommits): Promise<FakeGithub> =>
  startFakeGithub({
    "K-Fet/K-App": {
      commits: {
        [good]: { verified: true },
        [behind]: { verified: true },
        [loose]: { verified: true },
        [unsigned]: { verified: false },
      },
      branches: {
        prod: { sha: good, protected: true },
        master: { sha: good, protected: true },
        loose: { sha: loose, protected: false },
      },
    },
  });

export async function createKappWorld(): Promise<KappWorld> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-k-app-"));
  const inDir = (...parts: string[]): string => join(dir, ...parts);
  const commits = await makeRepositories(dir);
  await makePrograms(inDir);
  const github = await fakeGithub(commits);
  process.env["PATH"] = `${inDir("bin")}${delimiter}${REAL_PATH}`;
  const settings = `${(await readFile(EXAMPLE, "utf8")).replaceAll("/srv/", `${dir}/`)}
github: { api_url: "${github.url}" }
outbound: { allow: [127.0.0.0/8] }
`;
  const env = { PORT: "3000", TOKEN_HASH: await hashPassword(KAPP_TOKEN) };
  const server = await startTestServer({ settings, env });
  async function reset(): Promise<void> {
    for (const name of ["gated", "waiting"]) await rm(inDir(name), { force: true });
    await writeFile(inDir("calls"), "");
    await writeFile(inDir("failing"), "");
    for (const clone of CLONES) await git(inDir(clone), "checkout", "--quiet", commits.old);
  }
  await reset();
  return {
    server,
    github,
    commits,
    settings,
    env,
    inDir,
    reset,
    headOf: (clone) => git(inDir(clone), "rev-parse", "HEAD"),
    calls: async () => (await readFile(inDir("calls"), "utf8")).split("\n").filter((line) => line !== ""),
    async close() {
      process.env["PATH"] = REAL_PATH;
      await server.close();
      await github.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
