import { createReadStream, truncateSync, unlinkSync } from "node:fs";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manifestSchema } from "../../src/storage/backup/manifest.ts";
import { verifyBackup } from "../../src/storage/backup/restore.ts";
import { restoreMark } from "../../src/storage/sqlite/database.ts";
import { type BackupPlace, bodyOf, createBackupPlace } from "../support/backup-place.ts";
import { aDelivery, at } from "../support/store.ts";

let place: BackupPlace;
beforeEach(async () => {
  place = await createBackupPlace();
});
afterEach(() => place.end());

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
      before.set(await place.deliver(`before-${index}`), `before-${index}`);
    let coming = true;
    let during = 0;
    const load = (async () => {
      while (coming) await place.deliver(`during-${(during += 1)}`);
    })();
    await expect.poll(() => during).toBeGreaterThan(3);
    const made = await place.backUp();
    coming = false;
    await load;
    expect(made.deliveries).toBeGreaterThanOrEqual(23);
    expect((await stat(place.file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(place.dir, "backups"))).toEqual(["one.tar.gz"]);

    const { manifest } = await place.restore();
    expect(manifest.deliveries).toBe(made.deliveries);
    const copy = await place.open(place.restored);
    for (const [id, sender] of before) {
      expect(await copy.getDelivery(id)).toEqual(await place.store.getDelivery(id));
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
    const first = await place.deliver("one");
    await place.backUp();
    await place.close(place.store);
    await place.restore();
    const copy = await place.open(place.restored);
    const { deliveryId: second } = await copy.storeDelivery(aDelivery({ body: bodyOf("two") }));
    expect(await copy.getDeliveryBody(first)).toEqual(bodyOf("one"));
    expect(await copy.getDeliveryBody(second)).toEqual(bodyOf("two"));
  });

  it("says what waited and ran, and what of it is dropped", async () => {
    await place.deliver("one");
    await place.deliver("two");
    await place.deliver("three");
    await place.store.claimTasks({ node: "n", labels: [], limit: 1, now: at(1) });
    expect(await place.backUp()).toMatchObject({ waiting: 2, running: 1 });
    expect(await place.restore({ dropWaiting: true })).toMatchObject({ dropped: 2, aside: null });
    const copy = await place.open(place.restored);
    const { items } = await copy.listTasks({ limit: 10 });
    expect(items.map(({ state, outcome }) => [state, outcome])).toEqual([
      ["CANCELLED", "cancelled"],
      ["CANCELLED", "cancelled"],
      ["RUNNING", null],
    ]);
  });

  it("overwrites nothing", async () => {
    await place.backUp();
    await expect(place.backUp()).rejects.toMatchObject({ code: "backup:exists" });
    await place.restore();
    await expect(place.restore()).rejects.toMatchObject({ code: "store:not_empty" });
    const { aside } = await place.restore({ force: true });
    expect(await readdir(aside ?? "")).toContain("hookwright.db");
    await place.open(place.restored);
    await expect(place.restore({ force: true })).rejects.toMatchObject({ code: "store:locked" });
    const left = await readdir(join(place.dir, "restored"));
    expect(left.filter((name) => name.includes("restoring"))).toEqual([]);
  });

  it("is made once where two are asked for at once", async () => {
    await place.deliver("one");
    const made = await Promise.all(
      [place.backUp(), place.backUp()].map((each) => each.catch((error: unknown) => error)),
    );
    expect(made).toContainEqual(expect.objectContaining({ deliveries: 1 }));
    expect(made).toContainEqual(expect.objectContaining({ code: "backup:exists" }));
    expect(await verifyBackup(place.file)).toMatchObject({ deliveries: 1 });
    expect(await readdir(join(place.dir, "backups"))).toEqual(["one.tar.gz"]);
  });

  it("has the bodies also of a file that is freed meanwhile", async () => {
    const id = await place.deliver("one");
    let freed = false;
    const onProgress = (): void => {
      if (!freed) unlinkSync(place.bodyFile);
      freed = true;
    };
    expect(await place.backUp({ onProgress })).toMatchObject({ deliveries: 1, missing: 0 });
    expect(freed).toBe(true);
    await place.restore();
    expect(await (await place.open(place.restored)).getDeliveryBody(id)).toEqual(bodyOf("one"));
  });

  it("leaves nothing behind when it can't be made", async () => {
    await mkdir(join(place.dir, "backups"));
    const nowhere = join(place.dir, "nothing.db");
    await expect(place.backUp({ database: nowhere })).rejects.toMatchObject({ code: "store:not_found" });
    expect(await readdir(join(place.dir, "backups"))).toEqual([]);
  });
});

describe("a store that has lost bodies", () => {
  const incomplete = {
    code: "backup:incomplete",
    details: { missing: 2, files: ["00000001"] },
  };

  beforeEach(async () => {
    await place.deliver("one");
    await place.deliver("two");
  });

  it.each([
    ["is gone", () => unlinkSync(place.bodyFile)],
    ["is empty", () => truncateSync(place.bodyFile)],
  ])("is backed up only when told to where their file %s", async (_, lose) => {
    lose();
    await expect(place.backUp()).rejects.toMatchObject(incomplete);
    await expect(place.backUp()).rejects.toThrow("gone or too short: 00000001.");
    expect(await readdir(join(place.dir, "backups"))).toEqual([]);
    expect(await place.backUp({ allowMissing: true })).toMatchObject({ deliveries: 2, missing: 2 });
    expect(await verifyBackup(place.file)).toMatchObject({ missing: 2 });
    expect(await place.restore()).toMatchObject({ manifest: { missing: 2 } });
  });

  it("is not restored in silence from a backup that does not know of it", async () => {
    place.file = join(place.dir, "one.tar");
    await place.backUp();
    await withoutBodies(place.file);
    await expect(verifyBackup(place.file)).rejects.toMatchObject(incomplete);
    await expect(place.restore()).rejects.toMatchObject(incomplete);
    expect(await place.restore({ allowMissing: true })).toMatchObject({ manifest: { missing: 2 } });
  });
});

describe("a restore that was cut short", () => {
  it("keeps a server from starting on nothing, and can be done again", async () => {
    const id = await place.deliver("one");
    await place.backUp();
    await place.restore();
    // As it is when the old store has been put aside, and the new one is not in its place.
    await writeFile(restoreMark(place.restored), "");
    await rm(place.restored);
    await expect(place.open(place.restored)).rejects.toMatchObject({ code: "store:restoring" });
    expect(await readdir(join(place.dir, "restored"))).not.toContain("hookwright.db");
    await place.restore({ force: true });
    expect(await (await place.open(place.restored)).getDelivery(id)).not.toBeNull();
  });
});
