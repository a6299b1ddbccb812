import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { asUser } from "../../../src/lib/confine/as-user.ts";
import { IS_ROOT, UID, USER } from "../../support/confine.ts";

const MODULE = join(import.meta.dirname, "../../../src/lib/confine/as-user.ts");

/** As another account, with these capabilities: what becomes of `user: NAME`. */
function asked(name: string, capabilities: string): string {
  const caps = capabilities === "" ? "-all" : capabilities;
  const script = `
    import { execFileSync } from "node:child_process";
    import { asUser } from ${JSON.stringify(MODULE)};
    try {
      const { prefix: [file, ...args] } = await asUser(${JSON.stringify(name)});
      process.stdout.write(execFileSync(file, [...args, "sh", "-c", "id -u; id -G; grep CapEff /proc/self/status"]));
    } catch (error) { console.log(error.message); }`;
  const become = [
    "--reuid",
    "1",
    "--regid",
    "1",
    "--clear-groups",
    "--inh-caps",
    caps,
    "--ambient-caps",
    caps,
  ];
  const argv = [...become, process.execPath, "--input-type=module", "-e", script];
  return execFileSync("setpriv", argv, { cwd: "/", encoding: "utf8" });
}

const ALL = "+chown,+dac_read_search,+kill,+setgid,+setuid,+sys_ptrace";

it("takes an account for what it is called, never for its number", async () => {
  await expect(asUser("no-such-account")).rejects.toThrow("this machine has no account no-such-account");
  await expect(asUser(String(UID))).rejects.toThrow(`this machine has no account ${UID}`);
});

it("is for root, or who has the capabilities for it; and no way to root", async () => {
  if (!IS_ROOT) {
    await expect(asUser(USER)).rejects.toThrow("it is not root and has not CAP_CHOWN");
    return;
  }
  expect(asked(USER, ALL)).toBe(`${UID}\n${UID}\nCapEff:\t0000000000000000\n`);
  expect(asked(USER, "+setuid,+setgid")).toContain(
    "it is not root and has not CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SYS_PTRACE",
  );
  expect(asked("root", ALL)).toContain("commands can run as root (root) only where the server is root");
  // Its own account, without the capabilities.
  expect(asked("daemon", ALL)).toBe("1\n1\nCapEff:\t0000000000000000\n");
});
