import { execa } from "execa";
import xterm from "@xterm/headless";
import { BIN, cliEnv } from "./cli.ts";
import { until } from "./until.ts";

/** The program on a terminal of its own, by util-linux's `script`, and a screen that shows what a person would see. */
export interface TerminalRun {
  /** The rows of the screen, with what has scrolled away, without the spaces at their ends. */
  screen(): string;
  /** What was written to the terminal, byte by byte. */
  raw(): string;
  /** The title that the terminal's window was given; empty when none. */
  title(): string;
  /** Waits for the screen to show something. */
  shows(text: string | RegExp): Promise<void>;
  /** As from the keyboard: `\x03` is Ctrl-C. */
  type(keys: string): void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  close(): Promise<void>;
}

export interface TerminalOptions {
  readonly dir: string;
  readonly args: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export function runInTerminal({ dir, args, env, ...size }: TerminalOptions): TerminalRun {
  const { columns = 80, rows = 24 } = size;
  const emulator = new xterm.Terminal({ cols: columns, rows, scrollback: 5_000, allowProposedApi: true });
  let title = "";
  emulator.onTitleChange((changed) => {
    title = changed;
  });
  const command = [process.execPath, BIN, ...args].map(quote).join(" ");
  const script = ["-qefc", `stty rows ${rows} cols ${columns}; exec ${command}`, "/dev/null"];
  const child = execa("script", script, {
    cwd: dir,
    env: cliEnv(dir, { SHELL: "/bin/sh", ...env }),
    extendEnv: false,
    stdin: "pipe",
    encoding: "buffer",
    reject: false,
  });
  let raw = "";
  const decoder = new TextDecoder();
  child.stdout.on("data", (chunk: Buffer) => {
    raw += decoder.decode(chunk, { stream: true });
    emulator.write(chunk);
  });
  const ended = child.then(async ({ exitCode = -1 }) => {
    // What came last may still wait to be interpreted.
    await new Promise<void>((resolve) => emulator.write("", resolve));
    return exitCode;
  });
  const screen = (): string => rowsOf(emulator).join("\n").trimEnd();
  return {
    screen,
    raw: () => raw,
    title: () => title,
    async shows(text) {
      await until(() => (typeof text === "string" ? screen().includes(text) : text.test(screen())), {
        what: `the terminal to show ${String(text)}; it shows:\n${screen()}`,
      });
    },
    type: (keys) => void child.stdin.write(keys),
    ended,
    async close() {
      child.kill("SIGKILL");
      await child;
      emulator.dispose();
    },
  };
}

function rowsOf(emulator: InstanceType<typeof xterm.Terminal>): string[] {
  const { active } = emulator.buffer;
  return Array.from(
    { length: active.length },
    (_, row) => active.getLine(row)?.translateToString(true) ?? "",
  );
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
