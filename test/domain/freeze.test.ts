import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Freeze, frozenAt } from "../../src/domain/freeze.ts";

const time = (minute: number): Date => new Date(minute * 60_000);

/** From a minute to another. */
const freeze = (from: number, until: number, change: Partial<Freeze> = {}): Freeze => ({
  reason: `${from}-${until}`,
  actions: null,
  except: [],
  endOf: (at) => (at >= time(from) && at < time(until) ? time(until) : null),
  ...change,
});

describe("a freeze", () => {
  it("is about all actions, or those that it names, but never about exceptions", () => {
    const some = freeze(0, 9, { actions: ["deploy", "restart"], except: ["restart"] });
    expect(frozenAt([some], "deploy", time(1))).toEqual({ until: time(9), reason: "0-9" });
    expect(frozenAt([some], "restart", time(1))).toBeNull();
    expect(frozenAt([some], "other", time(1))).toBeNull();
    expect(frozenAt([freeze(0, 9)], "other", time(1))).not.toBeNull();
    expect(frozenAt([freeze(0, 9)], "other", time(9))).toBeNull();
    expect(frozenAt([], "other", time(1))).toBeNull();
  });

  it("goes on into the next one that overlaps or touches, and no further", () => {
    const freezes = [freeze(20, 30), freeze(0, 10), freeze(5, 12), freeze(12, 15)];
    expect(frozenAt(freezes, "deploy", time(1))).toEqual({ until: time(15), reason: "0-10" });
  });

  it("that never ends is looked at again later", () => {
    const always = freeze(0, 0, { endOf: (at) => new Date(at.getTime() + 60_000) });
    expect(frozenAt([always], "deploy", time(0))?.until).toEqual(time(50));
  });

  it("ends at a time that is in none of them, and every time before it is in one", () => {
    const windows = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 10 })), { maxLength: 8 });
    fc.assert(
      fc.property(windows, fc.nat(50), (list, start) => {
        const freezes = list.map(([from, length]) => freeze(from, from + length));
        const inOne = (minute: number): boolean => freezes.some(({ endOf }) => endOf(time(minute)) !== null);
        const frozen = frozenAt(freezes, "deploy", time(start));
        expect(frozen === null).toBe(!inOne(start));
        if (frozen === null) return;
        const end = frozen.until.getTime() / 60_000;
        expect(inOne(end)).toBe(false);
        for (let minute = start; minute < end; minute += 1) expect(inOne(minute)).toBe(true);
      }),
    );
  });
});
