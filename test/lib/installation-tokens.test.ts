import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { getFromGithub } from "../../src/lib/github-api.ts";
import { createInstallationTokens, type InstallationTokens } from "../../src/lib/installation-tokens.ts";
import { createRenewingFetch } from "../../src/lib/renewing-fetch.ts";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";
import { createFakeApp, type FakeApp } from "../fakes/github-app.ts";

const SHA = "1".repeat(40);
const repository = { commits: { [SHA]: { verified: true } }, branches: {} };
const caller = { signal: new AbortController().signal, log: () => undefined };

let time = Date.parse("2026-11-25T10:00:00Z");
let app: FakeApp;
let github: FakeGithub;
let tokens: InstallationTokens;
const now = (): Date => new Date(time);

beforeEach(async () => {
  app = createFakeApp({ installedOn: ["o/r", "o/other"], now });
  github = await startFakeGithub({ "o/r": repository, "o/other": repository }, { app });
  tokens = createInstallationTokens({ fetch, now });
});
afterEach(() => github.close());

const of = (name: string, change: Partial<FakeApp> = {}) =>
  tokens.of({ app: { ...app, ...change }, apiUrl: github.url, repository: name }, caller);
const asked = (): number => github.requests.length;

async function read(token: string | null, name = "o/r"): Promise<number> {
  const call = { apiUrl: github.url, token: token ?? "", path: `/repos/${name}/commits/${SHA}` };
  const renewing = createRenewingFetch(fetch, tokens);
  return (await getFromGithub(call, { ...caller, fetch: renewing })).status;
}

describe("tokens of a GitHub App's installations", () => {
  it("are good for one repository each, and asked for once while they last", async () => {
    const [one, same] = await Promise.all([of("o/r"), of("o/r")]);
    expect(one).toBe(same);
    expect(await of("o/r")).toBe(one);
    expect(asked()).toBe(2);
    expect(await read(one)).toBe(200);
    const other = await of("o/other");
    expect(app.issued.map(({ repository: name }) => name)).toEqual(["o/r", "o/other"]);
    await expect(read(other)).rejects.toThrow("401");
  });

  it("are replaced before they expire", async () => {
    const first = await of("o/r");
    time += 54 * 60_000;
    expect(await of("o/r")).toBe(first);
    time += 2 * 60_000;
    expect(await of("o/r")).not.toBe(first);
    expect(app.issued).toHaveLength(2);
  });

  it("that GitHub refuses are replaced once, by one request for all who were refused", async () => {
    const token = await of("o/r");
    app.revoke(token ?? "");
    expect(await Promise.all([read(token), read(token)])).toEqual([200, 200]);
    expect(app.issued).toHaveLength(2);
  });

  it("are replaced once, however often GitHub refuses", async () => {
    const token = await of("o/r");
    github.requests.length = 0;
    const refused = { status: 401, message: "Bad credentials" };
    github.faults.push(refused, { status: 200, body: { id: 1 } });
    github.faults.push({ status: 201, body: { token: "ghs_bad", expires_at: "2030-01-01T00:00:00Z" } });
    await expect(read(token)).rejects.toThrow("401");
    expect(github.requests.filter(({ path }) => path.includes("/commits/"))).toHaveLength(2);
  });

  it("of others are not replaced", async () => {
    await expect(read("ghp_wrong")).rejects.toThrow("Bad credentials");
    expect(asked()).toBe(1);
  });

  it("are null where the App is not installed", async () => {
    expect(await of("o/elsewhere")).toBeNull();
  });

  it("can't be had with a wrong key or id, and it says so", async () => {
    const { privateKey } = createFakeApp({ installedOn: [] });
    await expect(of("o/r", { privateKey })).rejects.toThrow("does not take the App's id or private key");
    await expect(of("o/r", { id: "other" })).rejects.toThrow("github.app");
  });

  it("are asked for again after a fault, and told of when it stays", async () => {
    github.faults.push({ status: 502 });
    expect(await of("o/r")).toBe("ghs_1");
    time += 3_600_000;
    github.faults.push({ status: 200, body: { no: "id" } });
    await expect(of("o/r")).rejects.toThrow("not what its documentation says");
    expect(await of("o/r")).toBe("ghs_2");
  });

  it("leave whoever gives up waiting", async () => {
    github.faults.push({ fails: "hang" });
    const leaving = new AbortController();
    const wanted = { app, apiUrl: github.url, repository: "o/r" };
    const waits = tokens.of(wanted, { ...caller, signal: leaving.signal });
    leaving.abort(new Error("cancelled"));
    await expect(waits).rejects.toThrow("cancelled");
  });
});
