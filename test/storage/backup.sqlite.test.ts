import { createReadStream, createWriteStream, truncateSync, unlinkSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBackup, type CreateBackupInput, type Backup } from "../../src/storage/backup/create.ts";
import { manifestSchema } from "../../src/storage/backup/manifest.ts";
import { restoreBackup, type RestoreInput, verifyBackup } from "../../src/storage/backup/restore.ts";
import { openStore } from "../../src/storage/open.ts";
import { restoreMark } from "../../src/storage/sqlite/database.ts";
import type { Store } from "../../src/storage/store.ts";
import { aDelivery, at } from "../support/store.ts";

let dir: string;
let database: string;
let file: string;
let store: Store;
let opened: Store[] = [];
const now = new Date(at(100));

async function open(path: string): Promise<Store> {
  const one = await openStore({ kind: "sqlite", path });
  opened.push(one);
  return one;
}

async function close(one: Store): Promise<void> {
  opened = opened.filter((each) => each !== one);
  await one.close();
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-backup-"));
  database = join(dir, "hookwright.db");
  file = join(dir, "backups", "one.tar.gz");
  store = await open(database);
});
afterEach(async () => {
  await Promise.all(opened.map((each) => each.close()));
  opened = [];
  await rm(dir, { recursive: true, force: true });
});

const bodyOf = (sender: string): Buffer => Buffer.from(`the body of ${sender} \0 ü `.repeat(50));

async function deliver(sender: string): Promise<string> {
  const input = aDelivery({ senderId: sender, body: bodyOf(sender), tasks: [{ group: sender }] });
  return (await store.storeDelivery(input)).deliveryId;
}

const backUp = (to = file, given: Partial<CreateBackupInput> = {}): Promise<Backup> =>
  createBackup({
    database,
    to,
    version: "1.2.3",
    now,
    allowMissing: false,
    onProgress: () => undefined,
    ...given,
  });

const bodies = () => join(dir, "hookwright.db.bodies", "00000001");
const restored = () => join(dir, "restored", "hookwright.db");
const restore = (given: Partial<RestoreInput> = {}) =>
  restoreBackup({
    file,
    database: restored(),
    force: false,
    dropWaiting: false,
    allowMissing: false,
    now,
    ...given,
  });

/** As one was made before backups knew what they lack. */
async function withoutBodies(archiveFile: string): Promise<void> {
  const archive = pack();
  const given = extract();
  const reading = pipeline(createReadStream(archiveFile), given);
  for await (const entry of given) {
    const { name } = entry.header;
    const bytes = await buffer(entry);
    if (name === "manifest.json") {
      const { missing: _, parts, ...rest } = manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
      const left = parts.filter((part) => part.name === "hookwright.db");
      archive.entry({ name }, JSON.stringify({ ...rest, parts: left }));
    } else if (name === "hookwright.db") archive.entry({ name }, bytes);
  }
  await reading;
  archive.finalize();
  await writeFile(archiveFile, await buffer(archive));
}

describe("a backup", () => {
  it("has all that was acknowledged before it was asked for, while more and more comes", async () => {
    const before = new Map<string, string>();
    for (let index = 0; index < 20; index += 1)
      before.set(await deliver(`before-${index}`), `before-${index}`);
    let coming = true;
    let during = 0;
    const load = (async () => {
      while (coming) await deliver(`during-${(during += 1)}`);
    })();
    await expect.poll(() => during).toBeGreaterThan(3);
    const made = await backUp();
    coming = false;
    await load;
    expect(made.deliveries).toBeGreaterThanOrEqual(23);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, "backups"))).toEqual(["one.tar.gz"]);

    const { manifest } = await restore();
    expect(manifest.deliveries).toBe(made.deliveries);
    const copy = await open(restored());
    for (const [id, sender] of before) {
      expect(await copy.getDelivery(id)).toEqual(await store.getDelivery(id));
      expect(await copy.getDeliveryBody(id)).toEqual(bodyOf(sender));
      expect(await copy.tasksOfDelivery(id)).toHaveLength(1);
    }
    // Whatever it has of the rest, it has with its body.
    const { items } = await copy.listDeliveries({ limit: 500 });
    expect(items).toHaveLength(made.deliveries);
    for (const { id, senderId } of items) {
      expect(await copy.getDeliveryBody(id)).toEqual(bodyOf(senderId ?? ""));
    }
  });

  it("takes new deliveries where it was restored", async () => {
    const first = await deliver("one");
    await backUp();
    await close(store);
    await restore();
    store = await open(restored());
    const second = await deliver("two");
    expect(await store.getDeliveryBody(first)).toEqual(bodyOf("one"));
    expect(await store.getDeliveryBody(second)).toEqual(bodyOf("two"));
  });

  it("says what waited and ran, and what of it is dropped", async () => {
    await deliver("one");
    await deliver("two");
    await deliver("three");
    await store.claimTasks({ node: "n", labels: [], limit: 1, now: at(1) });
    expect(await backUp()).toMatchObject({ waiting: 2, running: 1 });
    expect(await restore({ dropWaiting: true })).toMatchObject({ dropped: 2, aside: null });
    const copy = await open(restored());
    const { items } = await copy.listTasks({ limit: 10 });
    expect(items.map(({ state, outcome }) => [state, outcome])).toEqual([
      ["CANCELLED", "cancelled"],
      ["CANCELLED", "cancelled"],
      ["RUNNING", null],
    ]);
  });

  it("overwrites nothing", async () => {
    await backUp();
    await expect(backUp()).rejects.toMatchObject({ code: "backup:exists" });
    await restore();
    await expect(restore()).rejects.toMatchObject({ code: "store:not_empty" });
    const { aside } = await restore({ force: true });
    expect(await readdir(aside ?? "")).toContain("hookwright.db");
    await open(restored());
    await expect(restore({ force: true })).rejects.toMatchObject({ code: "store:locked" });
    const left = await readdir(join(dir, "restored"));
    expect(left.filter((name) => name.includes("restoring"))).toEqual([]);
  });

  it("is made once where two are asked for at once", async () => {
    await deliver("one");
    const made = await Promise.all([backUp(), backUp()].map((each) => each.catch((error: unknown) => error)));
    expect(made).toContainEqual(expect.objectContaining({ deliveries: 1 }));
    expect(made).toContainEqual(expect.objectContaining({ code: "backup:exists" }));
    expect(await verifyBackup(file)).toMatchObject({ deliveries: 1 });
    expect(await readdir(join(dir, "backups"))).toEqual(["one.tar.gz"]);
  });

  it("has the bodies also of a file that is freed meanwhile", async () => {
    const id = await deliver("one");
    let freed = false;
    const onProgress = (): void => {
      if (!freed) unlinkSync(bodies());
      freed = true;
    };
    expect(await backUp(file, { onProgress })).toMatchObject({ deliveries: 1, missing: 0 });
    expect(freed).toBe(true);
    await restore();
    expect(await (await open(restored())).getDeliveryBody(id)).toEqual(bodyOf("one"));
  });

  it("leaves nothing behind when it can't be made", async () => {
    await mkdir(join(dir, "backups"));
    const nowhere = join(dir, "nothing.db");
    await expect(backUp(file, { database: nowhere })).rejects.toMatchObject({ code: "store:not_found" });
    expect(await readdir(join(dir, "backups"))).toEqual([]);
  });
});

describe("a store that has lost bodies", () => {
  const incomplete = { code: "backup:incomplete", details: { missing: 2 } };

  beforeEach(async () => {
    await deliver("one");
    await deliver("two");
  });

  it.each([
    ["is gone", () => unlinkSync(bodies())],
    ["is empty", () => truncateSync(bodies())],
  ])("is backed up only when told to where their file %s", async (_, lose) => {
    lose();
    await expect(backUp()).rejects.toMatchObject(incomplete);
    expect(await readdir(join(dir, "backups"))).toEqual([]);
    expect(await backUp(file, { allowMissing: true })).toMatchObject({ deliveries: 2, missing: 2 });
    expect(await verifyBackup(file)).toMatchObject({ missing: 2 });
    expect(await restore()).toMatchObject({ manifest: { missing: 2 } });
  });

  it("is not restored in silence from a backup that does not know of it", async () => {
    file = join(dir, "one.tar");
    await backUp();
    await withoutBodies(file);
    await expect(verifyBackup(file)).rejects.toMatchObject(incomplete);
    await expect(restore()).rejects.toMatchObject(incomplete);
    expect(await restore({ allowMissing: true })).toMatchObject({ manifest: { missing: 2 } });
  });
});

describe("a restore that was cut short", () => {
  it("keeps a server from starting on nothing, and can be done again", async () => {
    const id = await deliver("one");
    await backUp();
    await restore();
    // As it is when the old store has been put aside, and the new one is not in its place.
    await writeFile(restoreMark(restored()), "");
    await rm(restored());
    await expect(open(restored())).rejects.toMatchObject({ code: "store:restoring" });
    expect(await readdir(join(dir, "restored"))).not.toContain("hookwright.db");
    await restore({ force: true });
    expect(await (await open(restored())).getDelivery(id)).not.toBeNull();
  });
});

describe("what is no whole backup", () => {
  const invalid = { code: "backup:invalid" };

  it.each(["one.tar", "one.tar.gz"])("is refused wherever %s is cut short", async (name) => {
    await deliver("one");
    file = join(dir, name);
    await backUp();
    const whole = await readFile(file);
    expect(await verifyBackup(file)).toMatchObject({ deliveries: 1, version: "1.2.3" });
    const last = name.endsWith("gz") ? whole.length : whole.length - 1024;
    for (const length of [0, 1, 100, 511, 512, 600, Math.floor(whole.length / 2), last - 600, last - 1]) {
      await writeFile(file, whole.subarray(0, length));
      await expect(verifyBackup(file)).rejects.toMatchObject(invalid);
      await expect(restore()).rejects.toMatchObject(invalid);
    }
    expect(await readdir(join(dir, "restored"))).toEqual([]);
  });

  it("is refused with a byte changed", async () => {
    await deliver("one");
    file = join(dir, "one.tar");
    await backUp();
    const whole = await readFile(file);
    const place = whole.indexOf("the body of one");
    expect(place).toBeGreaterThan(0);
    whole[place] = 0x54;
    await writeFile(file, whole);
    await expect(verifyBackup(file)).rejects.toThrow("bodies/00000001 is not as it was");
  });

  it.each([
    ["../outside", "file"],
    ["/etc/cron.d/x", "file"],
    ["bodies/../../x", "file"],
    ["hookwright.db", "symlink"],
    ["bodies/00000001", "directory"],
  ] as const)("is refused with an entry %s (%s)", async (name, type) => {
    const archive = pack();
    archive.entry({ name, type, linkname: "/etc/passwd" }, type === "file" ? "x" : "");
    archive.finalize();
    file = join(dir, "one.tar");
    await pipeline(archive, createWriteStream(file));
    await expect(restore()).rejects.toMatchObject(invalid);
    expect(await readdir(dir)).not.toContain("outside");
  });

  it("is refused when it is of a newer version", async () => {
    await backUp(join(dir, "one.tar"));
    const text = (await readFile(join(dir, "one.tar"))).toString("latin1");
    const found = /\{\s+"format": 1[\s\S]*\n\}/.exec(text)?.[0] ?? "";
    const manifest = manifestSchema.parse(JSON.parse(found));
    const archive = pack();
    archive.entry({ name: "manifest.json" }, JSON.stringify({ ...manifest, schema: 999 }));
    archive.finalize();
    file = join(dir, "newer.tar");
    await pipeline(archive, createWriteStream(file));
    await expect(restore()).rejects.toMatchObject({ code: "store:too_new" });
  });

  it("is a file that is not there, or another one", async () => {
    await expect(verifyBackup(join(dir, "none"))).rejects.toMatchObject({ code: "store:not_found" });
    await expect(verifyBackup(join(dir, "none/none"))).rejects.toMatchObject({ code: "store:not_found" });
    await writeFile(join(dir, "text"), "no archive at all");
    await expect(verifyBackup(join(dir, "text"))).rejects.toMatchObject(invalid);
  });
});
