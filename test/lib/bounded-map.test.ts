import { describe, expect, it } from "vitest";
import { createBoundedMap } from "../../src/lib/bounded-map.ts";

describe("a bounded map", () => {
  it("remembers what was used last, and never more than twice its room", () => {
    const map = createBoundedMap<number>(100);
    for (let i = 0; i < 10_000; i += 1) {
      map.set(`key ${i}`, i);
      expect(map.size).toBeLessThanOrEqual(200);
    }
    const kept = Array.from({ length: 100 }, (_, i) => map.get(`key ${9_900 + i}`));
    expect(kept).toEqual(Array.from({ length: 100 }, (_, i) => 9_900 + i));
    expect(map.get("key 0")).toBeUndefined();
  });

  it("keeps what is used again and again, whatever else comes", () => {
    const map = createBoundedMap<string>(10);
    map.set("steady", "kept");
    for (let i = 0; i < 1_000; i += 1) {
      map.set(`passing ${i}`, "");
      expect(map.get("steady")).toBe("kept");
    }
  });

  it("has one value of each key", () => {
    const map = createBoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("c", 3);
    map.set("a", 4);
    expect(map.get("a")).toBe(4);
    expect(map.size).toBeLessThanOrEqual(4);
  });
});
