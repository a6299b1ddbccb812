import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { createSpool, type Spool, type SpoolInput, type SpoolOptions } from "../../src/usecases/spool.ts";
import { aDelivery, at, type DeliveryInput } from "../support/store.ts";

let dir: string;
let disk: Store;
let spool: Spool;
/** What stands for the store: whether it is away, and what has come there. */
let away: boolean;
let arrived: { id: string; body: string; fingerprint: string | null }[];

const gone = () => new AppError("store:unavailable");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-spool-"));
  away = true;
  arrived = [];
  await begin();
});
afterEach(async () => {
  await spool.stop();
  await rm(dir, { recursive: true, force: true });
});

async function begin(options: Partial<SpoolOptions> = {}): Promise<void> {
  disk = await openStore({ kind: "sqlite", path: join(dir, "spool.db") });
  spool = createSpool({
    disk,
    limitBytes: () => 1_000_000,
    async forward({ delivery: { id }, fingerprint }, body) {
      if (away) throw gone();
      arrived.push({ id, body: body.toString(), fingerprint });
    },
    async ping() {
      if (away) throw gone();
    },
    logger: createLogger({ level: "silent" }),
    againMs: 5,
    ...options,
  });
  await spool.start();
}

const direct = async (): Promise<string> => {
  if (away) throw gone();
  return "direct";
};

function input(given: DeliveryInput = {}): SpoolInput {
  const { delivery, body, fingerprint, fingerprintsSince } = aDelivery({ receivedAt: at(1), ...given });
  return { delivery, body, fingerprint, fingerprintsSince };
}

/** Resolves with the delivery's id; fails when it was stored directly. */
async function keep(given: DeliveryInput = {}): Promise<string> {
  const result = await spool.receive(input(given), direct);
  if (!result.spooled) throw new Error("it was not kept");
  return result.stored.deliveryId;
}

const drained = () => vi.waitFor(() => expect(spool.waiting).toBe(0), { timeout: 10_000 });

describe("a spool", () => {
  it("keeps nothing while the store takes it", async () => {
    away = false;
    expect(await spool.receive(input(), direct)).toEqual({ spooled: false, received: "direct" });
    expect(spool.waiting).toBe(0);
  });

  it("keeps what comes while the store is away, and hands it on in order, byte for byte", async () => {
    const bodies = ["one", "two \0 ü", ""];
    const ids = [];
    for (const body of bodies) ids.push(await keep({ body: Buffer.from(body), fingerprint: `f-${body}` }));
    expect(spool.waiting).toBe(3);
    away = false;
    await drained();
    expect(arrived.map(({ id }) => id)).toEqual(ids);
    expect(arrived.map(({ body }) => body)).toEqual(bodies);
    expect(arrived[0]?.fingerprint).toBe("f-one");
    // From then on, nothing goes by the disk.
    await vi.waitFor(async () => expect((await spool.receive(input(), direct)).spooled).toBe(false));
  });

  it("lets nobody overtake those that wait, though the store is back", async () => {
    let letThrough: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    await spool.stop();
    await begin({
      async forward({ delivery: { id } }) {
        await gate;
        arrived.push({ id, body: "", fingerprint: null });
      },
    });
    const first = await keep();
    away = false;
    const second = await keep();
    letThrough();
    await drained();
    expect(arrived.map(({ id }) => id)).toEqual([first, second]);
  });

  it("answers a repeated delivery as the first was, and keeps it once", async () => {
    const first = await keep({ senderId: "same" });
    const again = await spool.receive(input({ senderId: "same" }), direct);
    expect(again).toMatchObject({ stored: { deliveryId: first, duplicate: true } });
    const signed = await keep({ fingerprint: "signed" });
    expect(await keep({ fingerprint: "signed", senderId: "other" })).toBe(signed);
    expect(spool.waiting).toBe(2);
  });

  it("goes on with what an earlier run has left", async () => {
    const ids = [await keep(), await keep()];
    await spool.stop();
    away = false;
    await begin();
    await drained();
    expect(arrived.map(({ id }) => id)).toEqual(ids);
  });

  it("does not wait for a store that does not answer", async () => {
    await spool.stop();
    await begin({ patienceMs: 10 });
    const never = new Promise<string>(() => undefined);
    expect((await spool.receive(input(), () => never)).spooled).toBe(true);
  });

  it("refuses what is not for lack of the store as the store does", async () => {
    const malformed = new AppError("body:malformed");
    await expect(spool.receive(input(), () => Promise.reject(malformed))).rejects.toBe(malformed);
    expect(spool.waiting).toBe(0);
  });

  it("is bounded: beyond that it refuses, and takes again when there is room", async () => {
    await spool.stop();
    await begin({ limitBytes: () => 10_000 });
    await keep({ body: Buffer.alloc(5_000) });
    expect(spool.isFull).toBe(false);
    await expect(keep({ body: Buffer.alloc(5_000) })).rejects.toMatchObject({
      code: "store:unavailable",
      retryAfter: 30,
    });
    await keep({ body: Buffer.alloc(900) });
    expect(spool.isFull).toBe(true);
    away = false;
    await drained();
    await vi.waitFor(async () =>
      expect((await spool.receive(input({ body: Buffer.alloc(5_000) }), direct)).spooled).toBe(false),
    );
  });

  it("does not let one that can't be stored hold up the others, and does not lose it", async () => {
    await spool.stop();
    let poison = "";
    const tries: string[] = [];
    await begin({
      async forward({ delivery: { id } }) {
        if (away) throw gone();
        tries.push(id);
        if (id === poison) throw new Error("a fault of ours");
        arrived.push({ id, body: "", fingerprint: null });
      },
    });
    poison = await keep();
    const good = await keep();
    away = false;
    await vi.waitFor(() => expect(arrived.map(({ id }) => id)).toEqual([good]));
    expect(tries.filter((id) => id === poison)).toHaveLength(3);
    await vi.waitFor(async () => expect((await spool.receive(input(), direct)).spooled).toBe(false));
    expect(spool.waiting).toBe(1);
    await spool.stop();
    await begin();
    await drained();
    const own = arrived.filter(({ id }) => id === good || id === poison);
    expect(own.map(({ id }) => id)).toEqual([good, poison]);
  });
});
