import { CliError, EXIT } from "./exit-codes.ts";

/** Rejects with what to do when there is no git. */
export async function requireGit(): Promise<void> {
  const { execa } = await import("execa");
  const { failed } = await execa("git", ["--version"], { reject: false });
  if (!failed) return;
  throw new CliError(
    EXIT.failed,
    "Hookwright needs git, and there is none in PATH",
    "Install it (Debian, Ubuntu: apt install git), then start again",
  );
}
