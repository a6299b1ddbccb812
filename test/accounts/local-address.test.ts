import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { removeLocalAddress, writeLocalAddress } from "../../src/accounts/local-address.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it("is there for the account's tools only, while the server runs", async () => {
  await writeLocalAddress(dir, "http://127.0.0.1:1234");
  expect(await readFile(join(dir, "local-url"), "utf8")).toBe("http://127.0.0.1:1234\n");
  expect((await stat(join(dir, "local-url"))).mode & 0o777).toBe(0o600);
  await removeLocalAddress(dir, "http://127.0.0.1:1234");
  await expect(stat(join(dir, "local-url"))).rejects.toThrow("ENOENT");
});

it("is not taken from a server that came after", async () => {
  await writeLocalAddress(dir, "http://127.0.0.1:2");
  await removeLocalAddress(dir, "http://127.0.0.1:1");
  expect(await readFile(join(dir, "local-url"), "utf8")).toBe("http://127.0.0.1:2\n");
});
