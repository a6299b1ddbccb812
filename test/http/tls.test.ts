import { copyFile, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { AppError } from "../../src/domain/errors.ts";
import { createLocalFetch } from "../../src/lib/local-fetch.ts";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { githubPush } from "../support/push.ts";
import { logLines } from "../support/log-lines.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SECRET = "a-long-enough-secret";

let dir: string;
let byAuthority: typeof fetch;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-tls-"));
  makeAuthority(dir);
  for (const name of ["one", "two"]) makeCertificate(dir, name);
  const ca = await readFile(join(dir, "ca.pem"), "utf8");
  // Checks the certificate as any sender does.
  byAuthority = createOutboundFetch({ ca, allowCidrs: ["127.0.0.0/8"] });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

let server: TestServer;
let lines: string[] = [];
afterEach(() => server.close());

async function start(more = ""): Promise<void> {
  await use("one");
  const log = logLines("info");
  lines = log.lines;
  server = await startTestServer({
    settings: `
server: { tls: { cert: ${dir}/now.pem, key: ${dir}/now.key${more} } }
sources:
  app: { kind: github, secret: "${SECRET}" }
`,
    file: true,
    work: false,
    logger: log.logger,
  });
}

/** As certbot puts a new pair in use: links lead elsewhere. */
async function use(name: string): Promise<void> {
  for (const ending of ["pem", "key"]) await pointTo(`now.${ending}`, `${name}.${ending}`);
}

async function pointTo(link: string, target: string): Promise<void> {
  await symlink(target, join(dir, `${link}.new`));
  await rename(join(dir, `${link}.new`), join(dir, link));
}

const fingerprint = async (): Promise<string> => {
  const { hostname: host, port } = new URL(server.url);
  const ca = await readFile(join(dir, "ca.pem"));
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    }).on("error", reject);
  });
};

describe("a server with a certificate", () => {
  it("takes webhooks by TLS, and says that it is there by TLS only", async () => {
    await start();
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { headers, body } = githubPush({ secret: SECRET });
    const url = `${server.url}/hooks/app`;
    const answer = await byAuthority(url, { method: "POST", headers, body: new Uint8Array(body) });
    expect(answer.status).toBe(202);
    const health = await byAuthority(`${server.url}/healthz`);
    expect(health.headers.get("strict-transport-security")).toMatch(/^max-age=\d+$/);
    await expect(fetch(url.replace("https:", "http:"))).rejects.toThrow("fetch failed");
  });

  it("gives the dashboard a cookie for TLS alone", async () => {
    await start(", hsts: false");
    const answer = await byAuthority(`${server.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ token: server.token }),
    });
    expect(answer.headers.get("set-cookie")).toMatch(/^__Host-hookwright=.*; Secure$/);
    expect(answer.headers.get("strict-transport-security")).toBeNull();
  });

  it("speaks no older version than the settings say", async () => {
    await start(", min_version: TLSv1.3");
    const { hostname: host, port } = new URL(server.url);
    const ca = await readFile(join(dir, "ca.pem"));
    const versions = { TLSv1_2: "TLSv1.2", TLSv1_3: "TLSv1.3" } as const;
    const speaks = (maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect({ host, port: Number(port), ca, maxVersion }, () => {
          resolve(true);
          socket.destroy();
        }).on("error", () => resolve(false));
      });
    expect(await speaks(versions.TLSv1_3)).toBe(true);
    expect(await speaks(versions.TLSv1_2)).toBe(false);
  });

  it("closes at once, with connections that have sent nothing and some that have", async () => {
    await start();
    const { hostname: host, port } = new URL(server.url);
    const ca = await readFile(join(dir, "ca.pem"));
    const idle = connect({ host, port: Number(port), ca });
    await new Promise((resolve) => idle.once("secureConnect", resolve));
    idle.on("error", () => undefined);
    const gone = new Promise((resolve) => idle.once("close", resolve));
    expect(await byAuthority(`${server.url}/healthz`)).toMatchObject({ status: 200 });
    await server.close();
    await gone;
  });
});

describe("a certificate that changes", () => {
  it("is put in use where its files change, and tools of this machine know it", async () => {
    await start();
    const before = await fingerprint();
    await use("two");
    await vi.waitFor(async () => expect(await fingerprint()).not.toBe(before), { timeout: 20_000 });
    await vi.waitFor(async () => {
      const certificate = await readFile(join(server.dir, "data/local-cert.pem"), "utf8");
      const local = createLocalFetch({ certificate });
      const client = createClient({ url: server.url, token: server.token, fetch: local });
      expect(await client.listSources()).toMatchObject({ items: [{ name: "app" }] });
    });
  });

  it("is put in use by a reload at once", async () => {
    await start();
    const before = await fingerprint();
    await use("two");
    const headers = { authorization: `Bearer ${server.token}` };
    await byAuthority(`${server.url}/api/v1/settings/reload`, { method: "POST", headers });
    expect(await fingerprint()).not.toBe(before);
  });

  it.each([
    ["has another's key", async () => pointTo("now.key", "two.key"), /the key in .*now\.key is not that/],
    ["is not there", async () => rm(join(dir, "now.pem")), /now\.pem can't be read/],
    [
      "is none",
      async () => {
        await rm(join(dir, "now.pem"));
        await writeFile(join(dir, "now.pem"), "nothing\n");
      },
      /now\.pem holds no certificate/,
    ],
  ])("is refused where it %s, and the old one stays", async (_what, spoil, reason) => {
    await start();
    const before = await fingerprint();
    await spoil();
    const refused = (): string[] => lines.filter((line) => line.includes("The new certificate is refused"));
    await vi.waitFor(() => expect(refused()).toHaveLength(1), { timeout: 20_000 });
    expect(refused()[0]).toMatch(reason);
    expect(await fingerprint()).toBe(before);
    await use("two");
    await vi.waitFor(async () => expect(await fingerprint()).not.toBe(before), { timeout: 20_000 });
  });
});

describe("a certificate that is no good at the start", () => {
  it("keeps the server from starting, and says why", async () => {
    await start();
    await copyFile(join(dir, "two.key"), join(dir, "wrong.key"));
    const settings = `server: { tls: { cert: ${dir}/one.pem, key: ${dir}/wrong.key } }\n`;
    const error: unknown = await startTestServer({ settings }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "server:tls" });
    expect(String(error)).toMatch(/the key in .*wrong\.key is not that of the certificate in .*one\.pem/);
  });
});

describe("a tool of this machine", () => {
  it("takes no other certificate for the server's, though the same authority signed it", async () => {
    await start();
    const local = createLocalFetch({ certificate: await readFile(join(dir, "two.pem"), "utf8") });
    await expect(local(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
  });
});
