import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";
import { SENDERS } from "./fixtures/senders.ts";
import { hmacSender, type Sender } from "./fixtures/sender.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const MINUTE = 60_000;
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

const SIGNING: readonly Sender[] = [
  ...SENDERS.filter(({ proof }) => proof === "signature"),
  hmacSender({
    title: "generic, signed time",
    kind: "generic",
    options: { header: "X-Sig", signed: "{timestamp}.{body}", timestamp_header: "X-Time", id_header: "X-Id" },
    header: "x-sig",
    prefix: "sha256=",
    idHeader: "x-id",
  }),
  hmacSender({
    title: "generic, signed id",
    kind: "generic",
    options: { header: "X-Sig", signed: "{id}.{body}", id_header: "X-Id" },
    header: "x-sig",
    prefix: "sha256=",
    idHeader: "x-id",
  }),
];

describe.each(SIGNING)("what $title once sent", (sender) => {
  const source = bind({ ...sender, secrets: [sender.secrets[0]] });
  const sent = sender.send({ secret: sender.secrets[0], id: "one", now: NOW });

  it("is known again when somebody sends it with another id, or does not pass", () => {
    const { idHeader } = sender;
    const headers = { ...sent.headers, ...(idHeader !== null && { [idHeader]: "two" }) };
    const first = source.authenticate(sent, NOW);
    const replayed = source.authenticate({ ...sent, headers }, NOW);
    expect(first.ok).toBe(true);
    if (replayed.ok) expect([source.fingerprintIsUnique, replayed]).toEqual([true, first]);
    else expect(replayed.code).toBe("signature:invalid");
  });

  it("does not look the same as anything else it sends", () => {
    const other = sender.send({
      secret: sender.secrets[0],
      id: "one",
      now: NOW,
      json: sent.body.toString() + " ",
    });
    expect(source.authenticate(other, NOW)).not.toEqual(source.authenticate(sent, NOW));
  });
});

const TIMED = [
  { kind: "gitlab", title: "gitlab, signed" },
  { kind: "standard-webhooks", title: "standard-webhooks" },
  { kind: "generic", title: "generic, signed time" },
] as const;

describe.each(TIMED)("the signed time of $title", ({ kind, title }) => {
  const sender = SIGNING.find((each) => each.title === title && each.kind === kind);
  if (sender === undefined) throw new Error(`There is no sender ${title}`);
  const sent = sender.send({ secret: sender.secrets[0], now: NOW });
  const codeAt = (now: Date, window?: string): string => {
    const options = { ...sender.options, ...(window !== undefined && { window }) };
    const result = bind({ ...sender, options, secrets: [sender.secrets[0]] }).authenticate(sent, now);
    return result.ok ? "ok" : result.code;
  };

  it("may be five minutes from ours, either way, unless the settings say otherwise", () => {
    expect([codeAt(later(5 * MINUTE)), codeAt(later(-5 * MINUTE))]).toEqual(["ok", "ok"]);
    expect(codeAt(later(5 * MINUTE + 1_000))).toBe("signature:expired");
    expect(codeAt(later(-5 * MINUTE - 1_000))).toBe("signature:expired");
  });

  it("may be as far from ours as the settings say", () => {
    expect(codeAt(later(30_000), "10s")).toBe("signature:expired");
    expect(codeAt(later(10_000), "10s")).toBe("ok");
    expect(codeAt(later(59 * MINUTE), "1h")).toBe("ok");
  });
});

describe("a generic source", () => {
  const unique = (options: Readonly<Record<string, unknown>>, secrets = ["secret"]): boolean =>
    bind({ kind: "generic", options, secrets, unsafeNoAuth: true }).fingerprintIsUnique;

  it("takes the same signed bytes once, unless their sender repeats them on purpose", () => {
    expect(unique({})).toBe(true);
    expect(unique({ repeats: true })).toBe(false);
  });

  it.each([
    ["signs the id", { signed: "{id}.{body}", id_header: "X-Id" }],
    ["sends the secret itself", { token_header: "X-Token" }],
    ["sends it by Basic", { username: "me" }],
  ])("leaves it to the id where the sender %s", (_title, options) => {
    expect(unique(options)).toBe(false);
  });

  it("leaves it to the id where anybody may send", () => {
    expect(unique({}, [])).toBe(false);
  });
});
