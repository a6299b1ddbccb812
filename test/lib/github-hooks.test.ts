import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createGithubHooks, type GithubHooksOptions } from "../../src/lib/github-hooks.ts";
import { createInstallationTokens } from "../../src/lib/installation-tokens.ts";
import { createFakeApp } from "../fakes/github-app.ts";
import { HOOK_ID, startFakeGithubHooks, type FakeGithubHooksOptions } from "../fakes/github-hooks.ts";
import type { FakeSender } from "../fakes/hook-sender.ts";

const caller = { fetch, signal: new AbortController().signal, log: () => undefined };
const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));
const claimsSchema = z.object({ iss: z.string(), exp: z.number(), iat: z.number() });
const senders: FakeSender[] = [];

afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.close();
});

async function open(fake: FakeGithubHooksOptions = {}, options: Partial<GithubHooksOptions> = {}) {
  const sender = await startFakeGithubHooks(fake);
  senders.push(sender);
  const tokens = createInstallationTokens({ fetch, now: () => new Date() });
  const hooks = createGithubHooks(
    {
      apiUrl: sender.url,
      owner: fake.owner ?? "/repos/o/app",
      credentials: { type: "token", token: "t" },
      hookId: null,
      hookUrl: "https://hooks.example.com/hooks/app/",
      ...options,
    },
    tokens,
  );
  return { sender, hooks };
}

const fill = async (sender: FakeSender, count: number): Promise<void> => {
  for (let minute = 0; minute < count; minute += 1) {
    await sender.deliver({ at: at(minute), pretend: 200, guid: `g${minute}` });
  }
};

describe("the deliveries of a GitHub webhook", () => {
  it("are read page by page until what is known already", async () => {
    const { sender, hooks } = await open({ pageSize: 3 });
    await fill(sender, 10);
    const all = await hooks.list(null, caller);
    expect(all.deliveries.map(({ senderId }) => senderId)).toEqual(
      Array.from({ length: 10 }, (_, index) => `g${9 - index}`),
    );
    sender.requests.length = 0;
    const some = await hooks.list(at(5).toISOString(), caller);
    expect(some.deliveries.map(({ senderId }) => senderId)).toEqual(["g9", "g8", "g7", "g6"]);
    expect(sender.requests).toHaveLength(2);
  });

  it("are not sent again where nothing has changed", async () => {
    const { sender, hooks } = await open();
    await fill(sender, 2);
    const statuses: number[] = [];
    const watching: typeof fetch = async (...args) => {
      const response = await fetch(...args);
      statuses.push(response.status);
      return response;
    };
    const first = await hooks.list(null, { ...caller, fetch: watching });
    const second = await hooks.list(null, { ...caller, fetch: watching });
    expect(second).toEqual(first);
    expect(statuses).toEqual([200, 200, 304]);
  });

  it("do not lead round in a circle, nor the token elsewhere", async () => {
    const { sender, hooks } = await open();
    await fill(sender, 2);
    const link = '<http://elsewhere.example.com/?cursor=v1_1001>; rel="next"';
    for (let page = 0; page < 3; page += 1) {
      sender.faults.push({
        status: 200,
        headers: { link },
        on: /deliveries/,
        body: [{ id: 1, guid: "g", delivered_at: "2026-01-01T00:00:00Z", event: "push", status_code: 200 }],
      });
    }
    const { deliveries } = await hooks.list(null, caller);
    expect(deliveries).toHaveLength(2);
  });

  it("keep ids that no number can hold", async () => {
    const { sender, hooks } = await open();
    const body =
      '[{"id":12345678901234567890,"guid":"g","delivered_at":"2026-01-01T00:00:00Z","event":"push"}]';
    const large: typeof fetch = async (...args) =>
      new Request(...args).url.includes("/deliveries?") ? new Response(body) : fetch(...args);
    const { deliveries } = await hooks.list(null, { ...caller, fetch: large });
    expect(deliveries).toMatchObject([{ remoteId: "12345678901234567890", ok: false }]);
    expect(sender.requests).toHaveLength(1);
  });

  it("are asked for under the webhook that sends to this server", async () => {
    const { sender, hooks } = await open();
    await fill(sender, 1);
    await hooks.redeliver("1000", caller);
    expect(sender.requests.at(-1)).toBe(`POST /repos/o/app/hooks/${HOOK_ID}/deliveries/1000/attempts`);
  });

  it("tells that no webhook sends here, and looks again the next time", async () => {
    const { hooks, sender } = await open({ hookUrl: "https://other.example.com/" });
    await expect(hooks.list(null, caller)).rejects.toThrow(/has no webhook of \/repos\/o\/app that sends to/);
    await expect(hooks.list(null, caller)).rejects.toThrow(/set hook_id/);
    expect(sender.requests).toHaveLength(2);
  });

  it("of an organization are read by the webhook's number", async () => {
    const { hooks, sender } = await open({ owner: "/orgs/acme" }, { hookId: String(HOOK_ID), hookUrl: null });
    await fill(sender, 1);
    expect((await hooks.list(null, caller)).deliveries).toHaveLength(1);
    expect(sender.requests).toEqual([`GET /orgs/acme/hooks/${HOOK_ID}/deliveries?per_page=100`]);
  });

  it("of a repository are read with a token of an App that is installed on it", async () => {
    const app = createFakeApp({ installedOn: ["o/app"] });
    const credentials = { type: "installation", id: app.id, privateKey: app.privateKey } as const;
    const { hooks, sender } = await open({ app }, { credentials });
    await fill(sender, 1);
    expect((await hooks.list(null, caller)).deliveries).toHaveLength(1);
    expect(app.issued).toHaveLength(1);
    const other = await open({ app, owner: "/repos/o/other" }, { credentials });
    await expect(other.hooks.list(null, caller)).rejects.toThrow("is not installed on o/other");
  });

  it("of an App are read with a token that the App signs", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const accepts = (authorization: string): boolean => {
      const [header = "", claims = "", signature = ""] = authorization.replace("Bearer ", "").split(".");
      const { iss, exp, iat } = claimsSchema.parse(JSON.parse(Buffer.from(claims, "base64url").toString()));
      const good = verify(
        "RSA-SHA256",
        Buffer.from(`${header}.${claims}`),
        createPublicKey(publicKey.export({ type: "spki", format: "pem" })),
        Buffer.from(signature, "base64url"),
      );
      return good && iss === "99" && exp - iat <= 600 && exp * 1_000 > Date.now();
    };
    const app = { credentials: { type: "app", id: "99", privateKey: pem } as const, hookUrl: null };
    const { hooks, sender } = await open({ owner: "/app", accepts }, app);
    await fill(sender, 1);
    expect((await hooks.list(null, caller)).deliveries).toHaveLength(1);
    expect(sender.requests).toEqual(["GET /app/hook/deliveries?per_page=100"]);
  });
});
