import { describe, expect, it } from "vitest";
import type { ListedDelivery } from "../../src/lib/hook-history.ts";
import { findMissed } from "../../src/usecases/find-missed.ts";

const now = new Date("2026-03-01T12:00:00Z");

function listed(senderId: string, minutesAgo: number, more: Partial<ListedDelivery> = {}): ListedDelivery {
  const deliveredAt = new Date(now.getTime() - minutesAgo * 60_000).toISOString();
  return {
    senderId,
    remoteId: `r-${senderId}`,
    mark: deliveredAt,
    deliveredAt,
    event: "push",
    ok: false,
    ...more,
  };
}

const find = (
  all: readonly ListedDelivery[],
  accepted: readonly string[] = [],
  since: string | null = "",
) => {
  const found = findMissed({ listed: all, accepted: new Set(accepted), since, now });
  return { ids: found.missed.map(({ senderId }) => senderId), since: found.since };
};

describe("what was missed", () => {
  it("is what has not been accepted here, whatever the sender believes, the oldest first", () => {
    const all = [
      listed("c", 10),
      listed("b", 20, { ok: true }),
      listed("a", 30),
      listed("here", 25, { ok: true }),
    ];
    expect(find(all, ["here"]).ids).toEqual(["a", "b", "c"]);
  });

  it("names a delivery once, however often it was tried, by its first try", () => {
    const all = [listed("a", 30), listed("a", 20, { remoteId: "second" })];
    const { missed } = findMissed({ listed: all, accepted: new Set(), since: "", now });
    expect(missed).toEqual([{ senderId: "a", remoteId: "r-a", event: "push" }]);
  });

  it("leaves out what may still be under way, and looks at it the next time", () => {
    const all = [listed("old", 5), listed("young", 0.5)];
    expect(find(all)).toEqual({ ids: ["old"], since: listed("old", 5).mark });
  });

  it("leaves out connection tests", () => {
    expect(find([listed("ping", 5, { event: "ping" })]).ids).toEqual([]);
  });

  it("the first time leaves to others what they answered before the first that came in here", () => {
    const all = [
      listed("theirs", 40, { ok: true }),
      listed("failed", 35),
      listed("first", 30, { ok: true }),
      listed("lost", 20, { ok: true }),
    ];
    expect(find(all, ["first"], null).ids).toEqual(["failed", "lost"]);
    expect(find(all, [], null).ids).toEqual(["failed"]);
  });

  it("stays where it was when there is nothing", () => {
    expect(find([], [], "m")).toEqual({ ids: [], since: "m" });
    expect(find([], [], null)).toEqual({ ids: [], since: "" });
  });
});
