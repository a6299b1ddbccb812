import { afterEach, describe, expect, it } from "vitest";
import { createGithubHooks } from "../../src/lib/github-hooks.ts";
import { createGitlabHooks } from "../../src/lib/gitlab-hooks.ts";
import type { HookHistory } from "../../src/lib/hook-history.ts";
import { recoverDeliveries, type Round } from "../../src/usecases/recover-deliveries.ts";
import { startFakeGithubHooks, type FakeGithubHooksOptions } from "../fakes/github-hooks.ts";
import { startFakeGitlabHooks } from "../fakes/gitlab-hooks.ts";
import type { FakeSender, Send } from "../fakes/hook-sender.ts";
import { containing } from "../support/like.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a secret of many characters";
const settings = (kind: string, secret = SECRET): string => `
sources:
  app: { kind: ${kind}, secrets: ["${secret}"] }
actions:
  deploy:
    concurrency: { policy: parallel }
    on: [{ source: app, event: push }]
    steps: [{ run: ["true"] }]
`;
const push = { ref: "refs/heads/main", object_kind: "push", after: "a".repeat(40), commits: [] };
const HOUR = 60 * 60_000;
const start = new Date("2026-03-01T12:00:00Z").getTime();

let time = start;
const ends: (() => Promise<void>)[] = [];
/** Short where nothing is to come in. */
let arrivalMs = 30_000;
const now = (): Date => new Date(time);
const ago = (minutes: number): Date => new Date(time - minutes * 60_000);

afterEach(async () => {
  time = start;
  arrivalMs = 30_000;
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Setup {
  /** Of now: another one after a restart. */
  readonly world: World;
  readonly sender: FakeSender;
  round(attempts?: number): Promise<Round | null>;
  /** Which deliveries of the sender have been accepted. */
  accepted(): Promise<string[]>;
  /** As after a crash: another server on the same store. */
  restart(): Promise<void>;
}

/** As the HTTP side does, without it. */
const into =
  (world: World): Send =>
  async ({ headers, body }) => {
    try {
      await world.app.receiveDelivery({ source: "app", request: { headers, body }, remoteAddress: null });
      return 202;
    } catch {
      return 401;
    }
  };

async function setUp(sender: FakeSender, history: HookHistory, text: string): Promise<Setup> {
  let world = await createWorld({ settings: text, now });
  ends.push(
    () => world.close(),
    () => sender.close(),
  );
  return {
    get world() {
      return world;
    },
    sender,
    async restart() {
      await world.abandon();
      world = await createWorld({ settings: text, now, dir: world.dir });
    },
    async round(attempts = 3) {
      const { signal } = new AbortController();
      const input = {
        source: "app",
        history,
        everyMs: 5 * 60_000,
        attempts,
        atOnce: true,
        signal,
        arrivalMs,
      };
      time += 1;
      const round = await recoverDeliveries(world.services, input);
      await sender.idle();
      return round;
    },
    async accepted() {
      const { items } = await world.app.listDeliveries({ source: "app", verdict: "accepted", limit: 500 });
      return items.map(({ senderId }) => senderId ?? "").toReversed();
    },
  };
}

async function github(options: FakeGithubHooksOptions = {}, text = settings("github")): Promise<Setup> {
  const sender = await startFakeGithubHooks({ secret: SECRET, ...options });
  const history = createGithubHooks(
    {
      apiUrl: sender.url,
      owner: "/repos/o/app",
      credentials: { type: "token", token: "t" },
      hookId: null,
      hookUrl: "https://hooks.example.com/hooks/app",
    },
    { of: async () => null },
  );
  return setUp(sender, history, text);
}

describe("GitHub's deliveries that did not come in", () => {
  it("are asked for, come in in their order, and each runs once", async () => {
    const { world, sender, round, accepted } = await github({ pageSize: 2 });
    const missed: string[] = [];
    for (let minutes = 30; minutes > 20; minutes -= 2) {
      missed.push(await sender.deliver({ payload: { ...push, minutes }, at: ago(minutes) }));
    }
    sender.send = into(world);
    expect(await round()).toEqual({ found: 5, asked: 5, error: null });
    expect(await accepted()).toEqual(missed);
    expect(await round()).toEqual({ found: 0, asked: 0, error: null });
    expect((await world.app.listTasks({ limit: 50 })).items).toHaveLength(5);
    const [source] = await world.app.listSources();
    expect(source?.lastDelivery?.senderId).toBe(missed.at(-1));
  });

  it("are found though GitHub believes that they were answered; what was accepted is not asked for", async () => {
    const { world, sender, round, accepted } = await github();
    sender.send = into(world);
    const first = await sender.deliver({ payload: push, at: ago(40) });
    const lost = await sender.deliver({ payload: { ...push, n: 2 }, at: ago(30), pretend: 200 });
    await sender.deliver({ payload: push, at: ago(30), pretend: 502, guid: first });
    expect(await round()).toEqual({ found: 1, asked: 1, error: null });
    expect(await accepted()).toEqual([first, lost]);
    expect(sender.tries.filter(({ guid }) => guid === first)).toHaveLength(2);
  });

  it("are asked for once when another webhook has told of the same event in the same bytes", async () => {
    const { world, sender, round } = await github();
    sender.send = into(world);
    await sender.deliver({ payload: push, at: ago(40) });
    await sender.deliver({ payload: push, at: ago(39) });
    expect(await round()).toEqual({ found: 1, asked: 1, error: null });
    time += HOUR;
    expect(await round()).toEqual({ found: 0, asked: 0, error: null });
    expect((await world.services.store.recoveryStates())[0]).toMatchObject({ open: 0, cameIn: 1 });
    expect((await world.app.listTasks({ limit: 50 })).items).toHaveLength(1);
  });

  it("are asked for a bounded number of times, less and less often, also after a restart", async () => {
    const { sender, round, restart } = await github();
    arrivalMs = 0;
    await sender.deliver({ payload: push, at: ago(30) });
    const asked = async (): Promise<number> => (await round())?.asked ?? -1;
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(0);
    time += 5 * 60_000;
    expect(await asked()).toBe(1);
    await restart();
    time += 5 * 60_000;
    expect(await asked()).toBe(0);
    time += 5 * 60_000;
    expect(await asked()).toBe(1);
    time += 24 * HOUR;
    expect(await asked()).toBe(0);
  });

  it("are asked for again when GitHub said that it would send them and did not", async () => {
    const { world, sender, round, accepted } = await github();
    const missed = await sender.deliver({ payload: push, at: ago(30) });
    sender.send = into(world);
    sender.lies = true;
    arrivalMs = 0;
    expect(await round()).toEqual({ found: 1, asked: 1, error: null });
    expect(await accepted()).toEqual([]);
    sender.lies = false;
    arrivalMs = 30_000;
    time += 5 * 60_000;
    expect(await round()).toEqual({ found: 0, asked: 1, error: null });
    expect(await accepted()).toEqual([missed]);
  });

  it("come in once the settings are right, which refused or rejected them", async () => {
    const wrong = settings("github", "another secret of many characters");
    const { world, sender, round, accepted } = await github({}, wrong);
    sender.send = into(world);
    const refused = await sender.deliver({ payload: push, at: ago(30) });
    arrivalMs = 0;
    await round();
    arrivalMs = 30_000;
    expect(await accepted()).toEqual([]);
    await world.configure(settings("github"));
    time += 5 * 60_000;
    await round();
    expect(await accepted()).toEqual([refused]);
  });

  it("survive an API that fails, breaks off and limits, within the round", async () => {
    const { world, sender, round, accepted } = await github();
    const missed = await sender.deliver({ payload: push, at: ago(30) });
    sender.send = into(world);
    sender.faults.push(
      { status: 502, body: "<html>" },
      { fails: "reset" },
      { status: 403, headers: { "retry-after": "0" }, message: "You have exceeded a secondary rate limit" },
      { status: 429, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } },
    );
    expect(await round()).toEqual({ found: 1, asked: 1, error: null });
    expect(await accepted()).toEqual([missed]);
  });

  it("wait for the next round when the API's answer is none, or its limit lasts long", async () => {
    const { world, sender, round, accepted } = await github();
    const missed = await sender.deliver({ payload: push, at: ago(30) });
    sender.send = into(world);
    sender.faults.push({ status: 200, body: { not: "a list" }, on: /deliveries/ });
    expect(await round()).toMatchObject({
      asked: 0,
      error: containing("not what its documentation says"),
    });
    for (let tries = 0; tries < 5; tries += 1) {
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999" };
      sender.faults.push({ status: 403, headers, on: /^POST/ });
      // A request that was not obeyed does not count.
      expect(await round()).toMatchObject({
        asked: 0,
        error: containing("GitHub answered 403"),
      });
    }
    expect(await round()).toEqual({ found: 0, asked: 1, error: null });
    expect(await accepted()).toEqual([missed]);
  });

  it("are left alone for this round when those that were sent again do not come in", async () => {
    const { sender, round } = await github();
    for (let minutes = 30; minutes > 20; minutes -= 1) {
      await sender.deliver({ payload: { ...push, minutes }, at: ago(minutes) });
    }
    arrivalMs = 0;
    expect(await round()).toEqual({
      found: 10,
      asked: 3,
      error: "3 deliveries were sent again and did not come in",
    });
  });

  it("are given up when GitHub does not have them any more", async () => {
    const { world, sender, round } = await github();
    await sender.deliver({ payload: push, at: ago(30) });
    sender.faults.push({ status: 404, message: "Not Found", on: /^POST/ });
    expect(await round()).toEqual({ found: 1, asked: 0, error: null });
    time += 24 * HOUR;
    expect(await round()).toEqual({ found: 0, asked: 0, error: null });
    const [state] = await world.services.store.recoveryStates();
    expect(state).toMatchObject({ open: 0, givenUp: 1, cameIn: 0 });
  });
});

async function gitlab(resends?: number): Promise<Setup> {
  const sender = await startFakeGitlabHooks({
    secret: SECRET,
    pageSize: 2,
    ...(resends !== undefined && { resends }),
  });
  const history = createGitlabHooks({
    apiUrl: sender.url,
    owner: "/projects/g%2Fapp",
    token: "t",
    hookId: null,
    hookUrl: "https://hooks.example.com/hooks/app",
  });
  return setUp(sender, history, settings("gitlab"));
}

describe("GitLab's events that did not come in", () => {
  it("are resent under their Idempotency-Key, and each runs once", async () => {
    const { world, sender, round, accepted } = await gitlab();
    const missed = [];
    for (let n = 0; n < 5; n += 1)
      missed.push(await sender.deliver({ event: "Push Hook", payload: { ...push, n } }));
    sender.send = into(world);
    expect(await round()).toEqual({ found: 5, asked: 5, error: null });
    expect(await accepted()).toEqual(missed);
    expect(await round()).toEqual({ found: 0, asked: 0, error: null });
    expect((await world.app.listTasks({ limit: 50 })).items).toHaveLength(5);
  });

  it("wait for the next round when GitLab resends no more for now", async () => {
    const { world, sender, round, accepted } = await gitlab(2);
    for (let n = 0; n < 3; n += 1) await sender.deliver({ event: "Push Hook", payload: { ...push, n } });
    sender.send = into(world);
    expect(await round()).toMatchObject({ found: 3, asked: 2, error: containing("429") });
    expect(await accepted()).toHaveLength(2);
    expect((await world.services.store.recoveryStates())[0]).toMatchObject({ open: 1, cameIn: 2 });
  });
});
