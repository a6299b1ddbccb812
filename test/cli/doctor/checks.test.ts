import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import { afterEach, describe, expect, it } from "vitest";
import { judgeEnd } from "../../../src/cli/doctor/certificate-end.ts";
import { checkClock } from "../../../src/cli/doctor/checks/clock.ts";
import { checkDisk } from "../../../src/cli/doctor/checks/disk.ts";
import { checkEndpoints } from "../../../src/cli/doctor/checks/endpoints.ts";
import { checkFiles } from "../../../src/cli/doctor/checks/files.ts";
import { checkPort } from "../../../src/cli/doctor/checks/port.ts";
import { checkPrograms } from "../../../src/cli/doctor/checks/programs.ts";
import { checkPublicUrl } from "../../../src/cli/doctor/checks/public-url.ts";
import { checkSecrets } from "../../../src/cli/doctor/checks/secrets.ts";
import { checkStore } from "../../../src/cli/doctor/checks/store.ts";
import { checkTls } from "../../../src/cli/doctor/checks/tls.ts";
import type { Check, Finding } from "../../../src/cli/doctor/finding.ts";
import { openStore } from "../../../src/storage/open.ts";
import { load, temporaryFolder } from "../../settings/settings-file.ts";
import { aDelivery } from "../../support/store.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A web server with these headers; resolves with its port. */
async function serve(headers: Readonly<Record<string, string>>): Promise<number> {
  const server = createServer((_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end();
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return z.object({ port: z.number() }).parse(server.address()).port;
}

interface LookOptions {
  readonly dir?: string;
  readonly now?: Date;
  readonly env?: NodeJS.ProcessEnv;
}

async function look(check: Check, text: string, options: LookOptions = {}): Promise<readonly Finding[]> {
  const { dir = await temporaryFolder(), now = new Date(), env = process.env } = options;
  const settings = await load(text, { dir });
  const signal = new AbortController().signal;
  return check({ settings, env, now: () => now, signal });
}

const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);
const textOf = (findings: readonly Finding[]): string =>
  findings.map(({ level, seen, fix }) => `${level}: ${seen} (${fix ?? ""})`).join("\n");

describe("programs", () => {
  it("are looked for in PATH, with those of releases and undos", async () => {
    const steps = `[{ run: [true], undo: { run: { argv: [no-such-undo] } } }, { run: [./here] }, { run: ["\${{ params.x }}"] }]`;
    const text = `actions: { a: { params: { x: {} }, steps: ${steps.replace("[true]", '["true"]')} } }`;
    expect(textOf(await look(checkPrograms, text))).toContain(
      "warning: Steps call what is not in PATH: no-such-undo",
    );
    const without = `actions: { a: { steps: [{ run: ["true"] }] } }`;
    expect(levels(await look(checkPrograms, without))).toEqual(["ok", "ok", "ok"]);
    expect(textOf(await look(checkPrograms, without, { env: { PATH: "/nowhere" } }))).toContain("true");
  });
});

describe("files", () => {
  it("that others can read are problems with the command that mends them", async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, "data"), { mode: 0o755 });
    const open = await look(checkFiles, "sources: {}", { dir });
    expect(textOf(open)).toContain(`problem: ${dir}/data holds all data`);
    expect(textOf(open)).toContain(`chmod go-rw ${dir}/data`);
    await chmod(join(dir, "data"), 0o700);
    await chmod(join(dir, "hookwright.yaml"), 0o600);
    expect(levels(await look(checkFiles, "sources: {}", { dir }))).not.toContain("problem");
  });
});

describe("the disk", () => {
  it("is measured where data and clones will lie", async () => {
    const findings = await look(checkDisk, "sources: {}");
    expect(findings.length).toBeGreaterThanOrEqual(2);
    expect(textOf(findings)).toMatch(/data has [\d.]+ [kMGT]B left/);
  });
});

describe("secrets", () => {
  it("that two sources share, or that stand in tutorials, are warned of", async () => {
    const one = "a-secret-of-its-own-0123456789";
    const good = `sources: { a: { kind: github, secret: ${one} }, b: { kind: github, secret: ${one}x } }`;
    expect(levels(await look(checkSecrets, good))).toEqual(["ok"]);
    const bad = `sources: { a: { kind: github, secret: changeme }, b: { kind: github, secrets: [${one}, changeme] } }`;
    const found = textOf(await look(checkSecrets, bad));
    expect(found).toContain("warning: Secrets that stand in tutorials: 1");
    expect(found).toContain("warning: The sources a, b have the same secret");
    expect(found).toContain("has only 8 characters");
    expect(found).not.toContain(one);
  });
});

describe("the store", () => {
  it("is whole, damaged, not there yet, or newer", async () => {
    const dir = await temporaryFolder();
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toContain("is not there yet");
    const path = join(dir, "data/hookwright.db");
    await (await openStore({ kind: "sqlite", path })).close();
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toContain("is whole and of this version");
    const { default: Database } = await import("better-sqlite3");
    const database = new Database(path);
    database.pragma("user_version = 999");
    database.close();
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toMatch(/^problem: .* of a newer version/);
    await writeFile(path, "no database at all ".repeat(1_000));
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toMatch(/^problem: .*not a database/);
  });

  it("has lost bodies, or is half restored", async () => {
    const dir = await temporaryFolder();
    const path = join(dir, "data/hookwright.db");
    const store = await openStore({ kind: "sqlite", path });
    await store.storeDelivery(aDelivery({ senderId: "one" }));
    await store.close();
    expect(levels(await look(checkStore, "sources: {}", { dir }))).toEqual(["ok"]);
    await rm(`${path}.bodies/00000001`);
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toMatch(
      /^warning: .*whose bodies have been lost: 1;.*\nok: /,
    );
    await writeFile(`${path}.restore-unfinished`, "");
    expect(textOf(await look(checkStore, "sources: {}", { dir }))).toMatch(
      /^problem: .*a restore of it did not come to its end/,
    );
  });

  it("on PostgreSQL is a problem where it can't be reached", async () => {
    const found = await look(checkStore, `store: "postgres://x@127.0.0.1:9/x"`);
    expect(textOf(found)).toMatch(/^problem: The PostgreSQL database: .*ECONNREFUSED/);
  });
});

describe("the clock", () => {
  it("is compared with what a forge says", async () => {
    const now = new Date("2026-01-01T12:00:00Z");
    const at = async (date: string) => {
      const port = await serve({ date });
      const text = `github: { api_url: "http://127.0.0.1:${port}" }\noutbound: { allow: [127.0.0.1] }`;
      return textOf(await look(checkClock, text, { now }));
    };
    expect(await at("Thu, 01 Jan 2026 12:00:10 GMT")).toMatch(/^ok: The clock agrees/);
    expect(await at("Thu, 01 Jan 2026 11:55:00 GMT")).toMatch(/^warning: The clock is 5m ahead of/);
    expect(await at("Thu, 01 Jan 2026 12:10:00 GMT")).toMatch(/^warning: The clock is 10m behind/);
    expect(await at("nonsense")).toMatch(/^unknown: /);
    const nobody = `github: { api_url: "http://127.0.0.1:9" }\noutbound: { allow: [127.0.0.1] }`;
    expect(textOf(await look(checkClock, nobody))).toMatch(/^unknown: .*can't be reached/);
  });
});

describe("the port", () => {
  it("is free, or somebody else's", async () => {
    const port = await serve({});
    const text = `server: { listen: "127.0.0.1:${port}" }`;
    expect(textOf(await look(checkPort, text))).toContain(`127.0.0.1:${port} is taken by another program`);
    servers.splice(0).forEach((server) => server.close());
    expect(textOf(await look(checkPort, text))).toMatch(/^warning: No server runs; .* is free/);
    expect(textOf(await look(checkPort, `server: { listen: "192.0.2.1:8080" }`))).toMatch(
      /^problem: Nobody can listen on 192\.0\.2\.1:8080/,
    );
  });
});

describe("certificates", () => {
  it("end", () => {
    const now = new Date("2026-06-01T00:00:00Z");
    const ends = (day: string) => judgeEnd("It", { validTo: new Date(day), now });
    expect(ends("2026-08-01")).toMatchObject({ level: "ok", seen: "It is good until 2026-08-01" });
    expect(ends("2026-06-08")).toMatchObject({ level: "warning", seen: "It ends on 2026-06-08, in 7 days" });
    expect(ends("2026-05-31")).toMatchObject({ level: "problem" });
  });

  it("are those of the settings, and have to fit their key", async () => {
    const dir = await temporaryFolder();
    makeAuthority(dir);
    const { cert, key } = makeCertificate(dir, "own");
    const tls = (keyFile: string) => `server: { tls: { cert: "${cert}", key: "${keyFile}" } }`;
    expect(levels(await look(checkTls, tls(key)))).toEqual(["warning"]);
    expect(levels(await look(checkTls, tls(join(dir, "ca.key"))))).toEqual(["problem"]);
    expect(await look(checkTls, "sources: {}")).toEqual([]);
  });
});

describe("the public URL", () => {
  const at = (port: number) => look(checkPublicUrl, `server: { public_url: "http://127.0.0.1:${port}" }`);

  it("leads to a Hookwright, to somebody else, or nowhere", async () => {
    expect(levels(await at(await serve({ "x-api-version": "1.0.0" })))).toEqual(["ok", "warning"]);
    expect(textOf(await at(await serve({})))).toMatch(
      /^problem: .* is answered \(200\), but not by a Hookwright/,
    );
    const nobody = await serve({});
    servers.splice(0).forEach((server) => server.close());
    expect(textOf(await at(nobody))).toMatch(/^problem: .* can't be reached from here: .*ECONNREFUSED/);
    expect(levels(await look(checkPublicUrl, "sources: {}"))).toEqual(["unknown"]);
  });
});

describe("endpoints", () => {
  it("have names that stand for something", async () => {
    const notify = (host: string) => `notify: { ops: { kind: generic, url: "http://${host}/x" } }`;
    expect(levels(await look(checkEndpoints, notify("no.invalid")))).toEqual(["problem"]);
    expect(levels(await look(checkEndpoints, notify("localhost")))).toEqual(["ok"]);
    expect(levels(await look(checkEndpoints, notify("192.0.2.1")))).toEqual(["ok"]);
    expect(await look(checkEndpoints, "sources: {}")).toEqual([]);
  });
});
