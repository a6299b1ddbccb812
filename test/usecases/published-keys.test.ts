import { describe, expect, it } from "vitest";
import { createPublishedKeys } from "../../src/usecases/published-keys.ts";
import type { AuthResult } from "../../src/sources/source.ts";
import { containing, matching } from "../support/like.ts";

/** Places that publish keys, and a clock. `answers`: what each gives; a number is a status, null no answer at all. */
function world(answers: Record<string, string[] | number | null>) {
  let ms = Date.parse("2026-03-01T12:00:00Z");
  const asked: string[] = [];
  const keys = createPublishedKeys({
    now: () => new Date(ms),
    fetch: async (input) => {
      const { url: asIs } = new Request(input);
      const url = asIs.replace(/\/$/, "");
      asked.push(url);
      const answer = answers[url] ?? null;
      if (answer === null) throw new Error(`${url} could not be reached`);
      return typeof answer === "number" ? new Response("", { status: answer }) : Response.json(answer);
    },
  });
  const publicKeys = {
    urls: Object.keys(answers),
    read: (answer: unknown): readonly string[] | null =>
      Array.isArray(answer) && answer.length > 0 ? answer.map(String) : null,
  };
  /** A request signed with that key. */
  const send = (key: string): Promise<AuthResult> =>
    keys.check(publicKeys, (known) =>
      known.includes(key)
        ? { ok: true, fingerprint: key }
        : { ok: false, code: "signature:invalid", explanation: "no" },
    );
  return {
    answers,
    asked,
    keys,
    publicKeys,
    send,
    pass(seconds: number): void {
      ms += seconds * 1_000;
    },
  };
}

describe("the keys that a sender publishes", () => {
  it("are fetched when first needed, and then known", async () => {
    const { send, asked } = world({ "https://a": ["one"], "https://b": ["two"] });
    expect(await Promise.all([send("one"), send("two"), send("one")])).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: true },
    ]);
    expect(await send("two")).toMatchObject({ ok: true });
    expect(asked).toEqual(["https://a", "https://b"]);
  });

  it("are fetched again for what does not match, but not for every stranger", async () => {
    const { send, asked, answers, pass } = world({ "https://a": ["one"] });
    expect(await send("one")).toMatchObject({ ok: true });
    for (let times = 0; times < 100; times += 1)
      expect(await send("wrong")).toMatchObject({ code: "signature:invalid" });
    expect(asked).toHaveLength(1);
    answers["https://a"] = ["new"];
    pass(59);
    expect(await send("new")).toMatchObject({ code: "signature:invalid" });
    pass(1);
    expect(await send("new")).toMatchObject({ ok: true });
    expect(await send("one")).toMatchObject({ code: "signature:invalid" });
    expect(asked).toHaveLength(2);
  });

  it("are not fetched for what carries no signature", async () => {
    const { keys, publicKeys, asked } = world({ "https://a": ["one"] });
    const missing: AuthResult = { ok: false, code: "signature:missing", explanation: "none" };
    expect(await keys.check(publicKeys, () => missing)).toBe(missing);
    expect(asked).toEqual([]);
  });

  it.each([
    ["is not there", null, /could not be reached/],
    ["fails", 500, /answered 500/],
    ["tells of no key", [], /without a public key/],
  ])("can't be told when their place %s: the sender is to try again", async (_title, answer, reason) => {
    const { send, asked, answers, pass } = world({ "https://a": answer });
    const refused = {
      code: "source:keys",
      status: 503,
      retryAfter: 10,
      message: matching(reason),
    };
    await expect(send("one")).rejects.toMatchObject(refused);
    pass(4);
    await expect(send("one")).rejects.toMatchObject({ ...refused, retryAfter: 6 });
    expect(asked).toHaveLength(1);
    answers["https://a"] = ["one"];
    pass(6);
    expect(await send("one")).toMatchObject({ ok: true });
  });

  it("stay known when they can't be fetched again; what they do not match may be signed with newer ones", async () => {
    const { send, answers, pass } = world({ "https://a": ["one"] });
    expect(await send("one")).toMatchObject({ ok: true });
    answers["https://a"] = null;
    pass(60);
    await expect(send("new")).rejects.toMatchObject({
      code: "source:keys",
      message: containing("https://a"),
    });
    expect(await send("one")).toMatchObject({ ok: true });
  });

  it("do without a place that never answered while another does", async () => {
    const { send } = world({ "https://a": ["one"], "https://gone": null });
    expect(await send("one")).toMatchObject({ ok: true });
    expect(await send("wrong")).toMatchObject({ code: "signature:invalid" });
  });
});
