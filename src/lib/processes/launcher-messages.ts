/** To the launcher: start a command, or send a signal to its process group. */
export type LauncherRequest =
  | ({ readonly type: "start"; readonly id: number } & LaunchOptions)
  | { readonly type: "signal"; readonly id: number; readonly signal: "SIGTERM" | "SIGKILL" };

export interface LaunchOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All of the command's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to its standard input, which is otherwise empty. */
  readonly input?: string | undefined;
}

export type OutputStream = "stdout" | "stderr";

/** From the launcher; `failed` or `ended` is the last of each command. */
export type LauncherReply =
  | {
      readonly type: "output";
      readonly id: number;
      readonly stream: OutputStream;
      readonly chunk: Uint8Array;
    }
  | { readonly type: "failed"; readonly id: number; readonly code: string | null; readonly message: string }
  | ({ readonly type: "ended"; readonly id: number } & LaunchedEnd);

/** How a command ended; one of `exitCode` and `signal` is null. */
export interface LaunchedEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its process group, where that still has members. */
  readonly outlived: number | null;
}
