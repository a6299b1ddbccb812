import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI_SHA } from "../support/cli-settings.ts";
import { BIN, cliEnv, createPlace, type Place } from "../support/cli.ts";
import { runInTerminal } from "../support/terminal.ts";

// printf's own escapes: the settings hold none of the bytes.
const HOSTILE = String.raw`printf '\033[2J\033[H\033]0;evil\007\033[31mred\033[8mhidden\n'; printf 'a\b\bb\007\302\2331mc\n'; printf 'safe\342\200\256reversed\n'`;

const settings = `
server: { listen: 127.0.0.1:0 }
actions:
  hostile: { steps: [{ shell: ${JSON.stringify(HOSTILE)} }] }
  colours: { steps: [{ shell: "printf '\\\\033[32mgreen\\\\033[0m\\\\n'" }] }
  long: { steps: [{ shell: "head -c 20000 /dev/zero | tr '\\\\0' x; echo" }] }
  wide: { steps: [{ name: 日本語のとても長い手順の名前で端末の幅を超えるもの, run: [echo, 日本語] }] }
  deploy:
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    steps: [{ name: build, run: [echo, "\${{ params.sha }}"] }, { name: publish, run: [echo, published] }]
  fail: { steps: [{ name: only, shell: "echo a long reason; exit 3" }] }
  many: { steps: [{ shell: "seq 1 50000" }] }
`;

const ESC = "\x1b";
let place: Place;

beforeAll(async () => {
  place = await createPlace(settings);
  await place.serve();
});
afterAll(() => place.close());

/** A command on a terminal, to its end. */
async function onTerminal(
  args: readonly string[],
  options: { columns?: number; env?: Record<string, string> } = {},
) {
  const terminal = runInTerminal({ dir: place.dir, args, ...options });
  const exitCode = await terminal.ended;
  const seen = { exitCode, screen: terminal.screen(), raw: terminal.raw(), title: terminal.title() };
  await terminal.close();
  return seen;
}

describe("a followed task on a terminal", () => {
  it("shows coloured log lines and a progress bar, and leaves no trace of the bar", async () => {
    const args = ["trigger", "deploy", "-p", `sha=${CLI_SHA}`, "--follow"];
    const { exitCode, screen, raw } = await onTerminal(args);
    expect(exitCode).toBe(0);
    expect(raw).toMatch(/[█░]+.* +\d+%/);
    expect(raw).toContain(`${ESC}[36m• Step 1/2: build`);
    expect(screen.split("\n").map((row) => row.replace(/\d+(\.\d+)?m?s/, "TIME"))).toEqual([
      `• Step 1/2: build: echo ${CLI_SHA}`,
      `  │ ${CLI_SHA}`,
      "• Step 2/2: publish: echo published",
      "  │ published",
      "  ✓ build    TIME",
      "  ✓ publish  TIME",
      "✓ deploy COMPLETED in TIME",
    ]);
  });

  it.each([20, 40, 120])("keeps the bar within one row of %d columns", async (columns) => {
    const { screen, exitCode } = await onTerminal(["trigger", "wide", "--follow"], { columns });
    expect(exitCode).toBe(0);
    // A bar that wrapped would have left a part of itself behind.
    expect(screen).not.toMatch(/[█░]/);
    expect(screen).toContain("  │ 日本語");
  });

  it("is not harmed by what a task prints", async () => {
    const { screen, title, raw } = await onTerminal(["trigger", "hostile", "--follow"]);
    expect(title).toBe("");
    expect(screen).toContain("  │ redhidden\n");
    expect(screen).toContain("  │ a^H^Hb^Gc\n");
    expect(screen).toContain("  │ safe\ufffdreversed\n");
    expect(raw).not.toContain(`${ESC}[2J`);
    expect(raw).not.toContain(`${ESC}]`);
    // The red ends with its line.
    expect(raw).toContain(`${ESC}[31mredhidden${ESC}[0m`);
  });

  it("shows a very long line whole, and the bar is right after it", async () => {
    const { screen, exitCode } = await onTerminal(["trigger", "long", "--follow"]);
    expect(exitCode).toBe(0);
    expect(screen.replaceAll("\n", "").match(/x{2,}/g)?.join("")).toHaveLength(20_000);
    expect(screen).not.toMatch(/[█░]/);
    expect(screen).toMatch(/\n✓ long COMPLETED in \S+$/);
  });

  it("has no colours with NO_COLOR, and still the bar", async () => {
    const { raw } = await onTerminal(["trigger", "colours", "--follow"], { env: { NO_COLOR: "1" } });
    expect(raw).toContain("  │ green\r\n");
    expect(raw).not.toContain(`${ESC}[3`);
    expect(raw).not.toContain(`${ESC}[0m`);
    expect(raw).toMatch(/[█░]/);
  });

  it("is plain lines on a terminal that can do nothing", async () => {
    const { raw } = await onTerminal(["trigger", "colours", "--follow"], { env: { TERM: "dumb" } });
    expect(raw).toContain("  │ green\r\n");
    expect(raw).not.toContain(ESC);
  });
});

describe("lists on a terminal", () => {
  it("have short ids, that commands take", async () => {
    const { screen } = await onTerminal(["tasks", "--limit", "1"], { columns: 120 });
    const [, id = ""] = /\n([0-9a-f]{8})  /.exec(screen) ?? [];
    expect(await place.run(["logs", id])).toMatchObject({ exitCode: 0 });
  });

  it("put the last column below its row where they are too wide, and cut what is still too wide", async () => {
    await place.run(["trigger", "fail", "--follow"]);
    const { screen } = await onTerminal(["tasks", "--action", "fail"], { columns: 40 });
    const rows = screen.split("\n");
    expect(rows[0]).toMatch(/^ID +ACTION +STATE +C.*…$/);
    expect(rows[1]).toMatch(/^[0-9a-f]{8} {2}fail +CANCELLED \(failed\).*…$/);
    expect(rows.slice(2).join(" ").replaceAll(/ +/g, " ")).toBe(
      " Step only failed: The script exited with 3",
    );
  });
});

describe("a pipe", () => {
  it("gets no escape sequence, whatever a task prints", async () => {
    const { stdout } = await place.run(["trigger", "hostile", "--follow"]);
    expect(stdout).not.toContain(ESC);
    expect(stdout).toContain("  │ a^H^Hb^Gc\n");
  });

  it("gets with --json exactly what a task has printed", async () => {
    const lines = (await place.run(["trigger", "hostile", "--follow", "--json"])).json();
    expect(lines).toContainEqual(
      expect.objectContaining({ text: `${ESC}[2J${ESC}[H${ESC}]0;evil\x07${ESC}[31mred${ESC}[8mhidden` }),
    );
  });

  it.each([
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "0" }, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [{ NO_COLOR: "" }, false],
    [{ CI: "true" }, false],
  ])("has colours with %j: %s", async (env, colored) => {
    const { stdout } = await place.run(["tasks", "--limit", "1"], { env });
    expect(stdout.includes(ESC)).toBe(colored);
  });

  it("has none with --no-color, whatever else is said", async () => {
    const { stdout } = await place.run(["tasks", "--no-color"], { env: { FORCE_COLOR: "1" } });
    expect(stdout).not.toContain(ESC);
  });

  it.each([
    ["a log", "logs last"],
    ["the help", "--help"],
    ["a schema", "schema"],
    ["a followed task", "trigger many --follow"],
  ])("whose reader goes away early is no fault: %s", async (_what, args) => {
    await place.run(["trigger", "many", "--follow"]);
    const script = `"$NODE" "$BIN" ${args} | head -n 1; echo "exit \${PIPESTATUS[0]}"`;
    const ran = await execa("bash", ["-c", script], {
      cwd: place.dir,
      env: { ...cliEnv(place.dir), NODE: process.execPath, BIN },
      extendEnv: false,
    });
    expect(ran.stdout).toMatch(/^.+\nexit 0$/);
    expect(ran.stderr).not.toMatch(/error|EPIPE/i);
  });
});
