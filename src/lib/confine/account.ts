import { readFile } from "node:fs/promises";
import { findProgram, tryCommand } from "./programs.ts";

/** An account of this machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** By name, wherever the machine has its accounts from (`getent`); null where there is none. Never by number. */
export async function findAccount(name: string): Promise<Account | null> {
  const getent = await findProgram("getent");
  const found = getent === null ? null : await tryCommand([getent, "passwd", "--", name]);
  const text = found?.ok === true ? found.stdout : await readFile("/etc/passwd", "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const account = parse(line);
    // getent takes a number for a uid.
    if (account?.name === name) return account;
  }
  return null;
}

/** A line of passwd(5). */
function parse(line: string): Account | null {
  const [name = "", , uid = "", gid = "", , home = "", shell = ""] = line.split(":");
  if (name === "" || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return null;
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    home: home === "" ? "/" : home,
    shell: shell === "" ? "/bin/sh" : shell,
  };
}
