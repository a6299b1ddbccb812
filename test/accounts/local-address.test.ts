import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createWhereabouts, type LocalAddress } from "../../src/accounts/local-address.ts";
import { createLogger } from "../../src/lib/logger.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const whereabouts = () => createWhereabouts({ dir, logger: createLogger({ level: "silent" }) });
const at = (url: string): LocalAddress => ({ url, api: url, certificate: null });
const read = (name: string): Promise<string> => readFile(join(dir, name), "utf8");

it("is there for the account's tools only, while the server runs", async () => {
  const server = whereabouts();
  await server.tell(at("http://127.0.0.1:1234"));
  expect(await read("local-url")).toBe("http://127.0.0.1:1234\n");
  expect((await stat(join(dir, "local-url"))).mode & 0o777).toBe(0o600);
  await server.forget();
  expect(await readdir(dir)).toEqual([]);
});

it("is not taken from a server that came after", async () => {
  const [first, second] = [whereabouts(), whereabouts()];
  await first.tell(at("http://127.0.0.1:1"));
  await second.tell(at("http://127.0.0.1:2"));
  await first.forget();
  expect(await read("local-url")).toBe("http://127.0.0.1:2\n");
});

it("tells of an API that is elsewhere, and of each new certificate", async () => {
  const server = whereabouts();
  // Before it is known where the server listens, there is nothing to tell.
  await server.tell({ certificate: "zeroth" });
  expect(await readdir(dir)).toEqual([]);
  await server.tell({ url: "https://127.0.0.1:1", api: "unix:/run/x.sock", certificate: "first" });
  await server.tell({ certificate: "second" });
  expect(await read("local-url")).toBe("https://127.0.0.1:1\nunix:/run/x.sock\n");
  expect(await read("local-cert.pem")).toBe("second");
  await server.forget();
  expect(await readdir(dir)).toEqual([]);
});
