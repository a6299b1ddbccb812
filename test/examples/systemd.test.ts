import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { load } from "../settings/settings-file.ts";

const UNIT = join(import.meta.dirname, "../../examples/systemd/hookwright.service");
const ANALYZE = "/usr/bin/systemd-analyze";

/** Tenths that systemd-analyze may count against it; a unit with nothing set has 96. */
const MOST_EXPOSED = "20";

interface Line {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

function linesOf(text: string): Line[] {
  let section = "";
  return text.split("\n").flatMap((line) => {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    if (line === "" || line.startsWith("#") || name !== undefined) return [];
    const [key = "", ...rest] = line.split("=");
    return [{ section, key, value: rest.join("=") }];
  });
}

const hasAnalyze = (): boolean => {
  try {
    accessSync(ANALYZE, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The unit with a node that is there: systemd looks for it. */
async function unitHere(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-unit-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "hookwright.service");
  const text = await readFile(UNIT, "utf8");
  await writeFile(file, text.replace("/opt/hookwright/node_modules/node/bin/node", process.execPath));
  return file;
}

describe("the unit for systemd", () => {
  it("is one, as far as systemd can tell, and as closed as we say", async () => {
    const file = await unitHere();
    const lines = linesOf(await readFile(file, "utf8"));
    for (const { section, key } of lines) {
      expect(["Unit", "Service", "Install"]).toContain(section);
      expect(key).toMatch(/^[A-Z][A-Za-z]+$/);
    }
    if (!hasAnalyze()) return;
    const run = (...args: string[]) => spawnSync(ANALYZE, args, { encoding: "utf8" });
    // What it does not understand it says, and goes on.
    const verified = run("verify", "--man=no", "--recursive-errors=no", file);
    expect(verified).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const security = run("security", "--offline=true", `--threshold=${MOST_EXPOSED}`, "--no-pager", file);
    expect(security.stdout).toContain("Overall exposure level");
    expect(security.status).toBe(0);
  });

  it("fits how the server ends, and what it ends with", async () => {
    const lines = linesOf(await readFile(UNIT, "utf8"));
    const valueOf = (name: string): string | undefined => lines.find(({ key }) => key === name)?.value;
    const { server } = await load("actions: {}");
    const undoMs = 60_000;
    expect(Number(valueOf("TimeoutStopSec")) * 1000).toBeGreaterThan(server.drainTimeoutMs + undoMs);
    expect(valueOf("RestartPreventExitStatus")).toBe(String(EXIT.usage));
    // docs/adr/0013: apps outlive the server.
    expect(valueOf("KillMode")).toBe("process");
    expect(lines.map(({ key }) => key)).not.toContain("MemoryDenyWriteExecute");
  });

  it("can hand a secret over as a credential", async () => {
    const dir = await mkdtemp(join(tmpdir(), "hookwright-credentials-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    await writeFile(join(dir, "app-webhook"), "0123456789abcdef-credential\n", { mode: 0o400 });
    const text = `sources:\n  app: { kind: github, secrets: [{ file: "\${CREDENTIALS_DIRECTORY}/app-webhook" }] }\nactions: {}\n`;
    const { secretValues, warnings } = await load(text, { env: { CREDENTIALS_DIRECTORY: dir } });
    expect(secretValues).toContain("0123456789abcdef-credential");
    expect(secretValues).not.toContain(dir);
    expect(warnings).toEqual([]);
  });
});
