import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BodyFiles, openBodyFiles } from "../../src/storage/sqlite/body-files.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

let dir: string;
let bodies: BodyFiles;
let now: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-bodies-"));
  now = Date.now();
  open(null);
});
afterEach(async () => {
  bodies.close();
  await rm(dir, { recursive: true, force: true });
});

function open(lastRef: string | null): void {
  bodies = openBodyFiles({ dir, lastRef, now: () => now });
}

async function put(text: string): Promise<string> {
  const ref = await bodies.put(Buffer.from(text));
  bodies.sync();
  return ref;
}

/** A body in each of so many files. */
async function putDaily(count: number): Promise<string[]> {
  const refs: string[] = [];
  for (let day = 0; day < count; day += 1) {
    refs.push(await put(`day ${day}`));
    now += DAY_MS;
  }
  return refs;
}

const files = async (): Promise<number[]> => (await readdir(dir)).map(Number).toSorted((a, b) => a - b);
const read = async (ref: string): Promise<string | null> => {
  const body = await bodies.get(ref);
  return body === null ? null : Buffer.from(body).toString();
};

describe("the files of bodies", () => {
  it("are begun anew each day, so that a day can go as a whole", async () => {
    const refs = await putDaily(3);
    const [same] = [await put("today"), await put("today too")];
    expect(await files()).toEqual([1, 2, 3, 4]);
    expect(await Promise.all([...refs, same ?? ""].map(read))).toEqual(["day 0", "day 1", "day 2", "today"]);
  });

  it("that nobody refers to are removed, with those in between", async () => {
    const refs = await putDaily(5);
    await bodies.free({ oldest: [refs[1] ?? "", refs[3] ?? "", refs[4] ?? ""], complete: true });
    expect(await files()).toEqual([2, 4, 5]);
    expect(await read(refs[1] ?? "")).toBe("day 1");
    expect(await read(refs[2] ?? "")).toBeNull();
  });

  it("stay where not all references are known", async () => {
    const refs = await putDaily(5);
    await bodies.free({ oldest: [refs[0] ?? "", refs[2] ?? ""], complete: false });
    expect(await files()).toEqual([1, 3, 4, 5]);
  });

  it("all go when nobody refers to anything, and the next body is read back, also after a restart", async () => {
    await putDaily(2);
    await bodies.free({ oldest: [], complete: true });
    expect(await files()).toEqual([3]);
    const ref = await put("next");
    bodies.close();
    open(ref);
    expect(await read(ref)).toBe("next");
    expect(await files()).toEqual([3]);
  });

  it("with bodies on their way stay", async () => {
    await put("first");
    const ref = await bodies.put(Buffer.from("on its way"));
    await bodies.free({ oldest: [], complete: true });
    bodies.sync();
    expect(await read(ref)).toBe("on its way");
  });
});
