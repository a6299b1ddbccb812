import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formField } from "../../src/lib/form-body.ts";
import { parseJsonBody, payloadBytes } from "../../src/lib/json-body.ts";

const FORM = "application/x-www-form-urlencoded";
const parse = (text: string, contentType?: string) => parseJsonBody({ body: Buffer.from(text), contentType });

describe("parseJsonBody", () => {
  it("parses what JSON.parse does, plain and as a form", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        expect(parse(text)).toEqual({ ok: true, value });
        const form = new URLSearchParams({ before: "x=y&z", payload: text, after: "" }).toString();
        expect(parse(form, FORM)).toEqual({ ok: true, value });
      }),
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.option(fc.string(), { nil: undefined }), (bytes, contentType) => {
        const parsed = parseJsonBody({ body: Buffer.from(bytes), contentType });
        expect(typeof parsed.ok).toBe("boolean");
      }),
    );
  });

  it.each([
    [128, true],
    [129, false],
    [1_000_000, false],
  ])("of %d levels: %s", (levels, ok) => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const text = `${open.repeat(levels)}1${close.repeat(levels)}`;
      expect(parse(text)).toMatchObject(
        ok ? { ok } : { ok, reason: "The JSON is nested deeper than 128 levels" },
      );
    }
  });

  it("does not count brackets in strings, nor what is closed again", () => {
    const deep = "[".repeat(500);
    expect(parse(JSON.stringify(deep))).toEqual({ ok: true, value: deep });
    expect(parse(JSON.stringify({ [`\\"${deep}`]: `\\${deep}"` }))).toMatchObject({ ok: true });
    expect(parse(`[${"[],".repeat(500)}[]]`)).toMatchObject({ ok: true });
  });

  it("takes a byte order mark for nothing", () =>
    expect(parse("\uFEFF[1]")).toEqual({ ok: true, value: [1] }));

  it("keeps __proto__ a key like any other", () => {
    const parsed = parse('{"__proto__":{"a":1}}');
    expect(parsed.ok && Object.keys(parsed.value ?? {})).toEqual(["__proto__"]);
  });
});

describe("payloadBytes", () => {
  const bytes = (text: string, contentType?: string) =>
    payloadBytes({ body: Buffer.from(text), contentType })?.toString() ?? null;

  it.each([
    ["payload=%7B%7D", undefined, "payload=%7B%7D"],
    ["payload=%7B%7D", "application/json", "payload=%7B%7D"],
    ["payload=%7B%7D", FORM, "{}"],
    ["payload=", FORM, ""],
    ["nothing", FORM, null],
    ['{"a":"&payload=1"}', FORM, '{"a":"&payload=1"}'],
    [' \n\t["&payload=1"]', FORM, ' \n\t["&payload=1"]'],
    ['"&payload=1&"', FORM, '"&payload=1&"'],
  ])("of %j as %s: %j", (text, contentType, expected) => expect(bytes(text, contentType)).toBe(expected));
});

describe("formField", () => {
  it("finds what URLSearchParams wrote", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }))),
        fc.string({ unit: "binary" }),
        (others, value) => {
          const pairs = others.filter(([name]) => name !== "payload");
          const form = new URLSearchParams([...pairs, ["payload", value], ["payload", "second"]]);
          expect(formField(Buffer.from(form.toString()), "payload")?.toString()).toBe(
            Buffer.from(value).toString(),
          );
        },
      ),
    );
  });

  it("is not slowed down by a million fields", () => {
    const body = Buffer.from(`${"a&".repeat(1_000_000)}payload=1`);
    expect(formField(body, "payload")?.toString()).toBe("1");
  });
});
