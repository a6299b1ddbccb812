import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { load, problemsOf, temporaryFolder } from "./settings-file.ts";

describe("server.tls", () => {
  it("has paths from the settings' folder on, and sensible defaults", async () => {
    const dir = await temporaryFolder();
    const { server } = await load("server: { tls: { cert: a.pem, key: /etc/b.key } }\n", { dir });
    const files = { cert: join(dir, "a.pem"), key: "/etc/b.key", ca: null };
    expect(server.tls).toEqual({ ...files, minVersion: "TLSv1.2", hsts: true });
    expect((await load("server: {}\n")).server.tls).toBeNull();
  });

  it.each([
    "{ cert: a.pem }",
    "{ cert: a, key: b, min_version: 1.3 }",
    "{ cert: a, key: b, min_version: TLSv1 }",
  ])("is refused: %s", async (value) => {
    expect((await problemsOf(`server: { tls: ${value} }\n`)).join()).toContain("server.tls");
  });
});

describe("server.admin", () => {
  it("is a port or a socket", async () => {
    const dir = await temporaryFolder();
    const adminOf = async (value: string) =>
      (await load(`server: { admin: ${value} }\n`, { dir })).server.admin;
    expect(await adminOf('{ listen: "[::1]:9090" }')).toEqual({ socket: null, host: "::1", port: 9_090 });
    expect(await adminOf("{ socket: run/x.sock }")).toEqual({ socket: join(dir, "run/x.sock") });
  });

  it.each([
    ["{}", "expected one of listen and socket"],
    ["{ listen: 127.0.0.1:1, socket: x }", "expected one of listen and socket"],
    ["{ listen: 127.0.0.1:70000 }", "from 0 to 65535"],
    ["{ listen: localhost }", "expected an address"],
  ])("is refused: %s", async (value, message) => {
    expect((await problemsOf(`server: { admin: ${value} }\n`)).join()).toContain(message);
  });
});
