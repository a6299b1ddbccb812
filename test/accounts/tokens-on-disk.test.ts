import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: "actions: {}", work: false });
});
afterAll(() => server.close());

async function files(): Promise<string[]> {
  const entries = await readdir(join(server.dir, "data"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe("on disk", () => {
  it("there is a token's hash, and nowhere the token", async () => {
    const { token } = await server.client.createToken({ name: "on-disk", scopes: ["read"] });
    await server.api("/whoami", { token });
    const hash = createHash("sha256").update(token).digest("hex");
    const contents = await Promise.all((await files()).map((file) => readFile(file)));
    expect(contents.length).toBeGreaterThan(1);
    expect(contents.some((bytes) => bytes.includes(hash) || bytes.includes(Buffer.from(hash, "hex")))).toBe(
      true,
    );
    expect(contents.some((bytes) => bytes.includes(token) || bytes.includes(token.slice(3)))).toBe(false);
  });

  it("the token of the tools on this machine is for the server's account alone", async () => {
    const file = (await files()).find((name) => name.endsWith("local-token")) ?? "";
    expect((await readFile(file, "utf8")).trim()).toBe(server.token);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
