import { type Account, findAccount } from "./account.ts";
import { handsCapabilitiesOn, missingCapabilities } from "./capabilities.ts";
import { findProgram, tryCommand } from "./programs.ts";

/** Why commands can't run as an account, for people. */
export class UserProblem extends Error {
  override readonly name = "UserProblem";
  readonly code: "user:unknown" | "user:not_allowed";

  constructor(code: UserProblem["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** How to run commands as an account. */
export interface AsUser {
  readonly account: Account;
  /** To stand before the argv. */
  readonly prefix: readonly string[];
  /** True where it is another account than the server's. */
  readonly foreign: boolean;
}

/** What has been seen to work, by uid; it does not stop to. */
const proven = new Set<number>();

/** Rejects with UserProblem where there is no such account, or this process may not become it. */
export async function asUser(name: string): Promise<AsUser> {
  const account = await findAccount(name);
  if (account === null) throw new UserProblem("user:unknown", `this machine has no account ${name}`);
  if (account.uid === process.getuid?.()) return { account, prefix: await ownPrefix(), foreign: false };
  const missing = missingCapabilities();
  if (missing.length > 0) {
    throw new UserProblem(
      "user:not_allowed",
      `the server may not run commands as ${name}: it is not root and has not ${missing.join(", ")} (docs/hardening.md)`,
    );
  }
  // Else an ordinary account with capabilities would be a way to root.
  if (account.uid === 0) {
    throw new UserProblem(
      "user:not_allowed",
      `commands can run as ${name} (root) only where the server is root`,
    );
  }
  const prefix = [await findSetpriv(), ...switchTo(account), ...NOTHING, "--"];
  if (!proven.has(account.uid)) await prove(name, account, prefix);
  proven.add(account.uid);
  return { account, prefix, foreign: true };
}

const switchTo = ({ uid, gid }: Account): string[] => [
  "--reuid",
  String(uid),
  "--regid",
  String(gid),
  "--init-groups",
];

/** No capability of the server's goes on to a command. */
const NOTHING = ["--inh-caps=-all", "--ambient-caps=-all"];

async function prove(name: string, { uid, gid }: Account, prefix: readonly string[]): Promise<void> {
  const tried = await tryCommand([...prefix, "/bin/sh", "-c", "id -u; id -g"]);
  if (tried.ok && tried.stdout === `${uid}\n${gid}\n`) return;
  throw new UserProblem("user:not_allowed", `commands can't be run as ${name}: ${tried.said}`);
}

/** For commands of the server's own account: empty, but where that is an ordinary one with capabilities, which they had too. */
export async function ownPrefix(): Promise<readonly string[]> {
  return handsCapabilitiesOn() ? [await findSetpriv(), ...NOTHING, "--"] : [];
}

async function findSetpriv(): Promise<string> {
  const path = await findProgram("setpriv");
  if (path !== null) return path;
  throw new UserProblem("user:not_allowed", "there is no setpriv on this machine; it is in util-linux");
}
