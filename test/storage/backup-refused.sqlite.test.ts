import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { manifestSchema } from "../../src/storage/backup/manifest.ts";
import { readBackup } from "../../src/storage/backup/read.ts";
import { verifyBackup } from "../../src/storage/backup/restore.ts";
import { type BackupPlace, createBackupPlace } from "../support/backup-place.ts";

let place: BackupPlace;
beforeEach(async () => {
  place = await createBackupPlace();
});
afterEach(() => place.end());

describe("what is no whole backup", () => {
  const invalid = { code: "backup:invalid" };

  it.each(["one.tar", "one.tar.gz"])("is refused wherever %s is cut short", async (name) => {
    await place.deliver("one");
    place.file = join(place.dir, name);
    await place.backUp();
    const whole = await readFile(place.file);
    expect(await verifyBackup(place.file)).toMatchObject({ deliveries: 1, version: "1.2.3" });
    const last = name.endsWith("gz") ? whole.length : whole.length - 1024;
    for (const length of [0, 1, 100, 511, 512, 600, Math.floor(whole.length / 2), last - 600, last - 1]) {
      await writeFile(place.file, whole.subarray(0, length));
      await expect(verifyBackup(place.file)).rejects.toMatchObject(invalid);
      await expect(place.restore()).rejects.toMatchObject(invalid);
    }
    expect(await readdir(join(place.dir, "restored"))).toEqual([]);
  });

  it("is refused with a byte changed", async () => {
    await place.deliver("one");
    place.file = join(place.dir, "one.tar");
    await place.backUp();
    const whole = await readFile(place.file);
    const offset = whole.indexOf("the body of one");
    expect(offset).toBeGreaterThan(0);
    whole[offset] = 0x54;
    await writeFile(place.file, whole);
    await expect(verifyBackup(place.file)).rejects.toThrow("bodies/00000001 is not as it was");
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
    place.file = join(place.dir, "one.tar");
    await pipeline(archive, createWriteStream(place.file));
    await expect(place.restore()).rejects.toMatchObject(invalid);
    expect(await readdir(place.dir)).not.toContain("outside");
  });

  it("is refused when it is of a newer version", async () => {
    await place.backUp({ to: join(place.dir, "one.tar") });
    const text = (await readFile(join(place.dir, "one.tar"))).toString("latin1");
    const found = /\{\s+"format": 1[\s\S]*\n\}/.exec(text)?.[0] ?? "";
    const manifest = manifestSchema.parse(JSON.parse(found));
    const archive = pack();
    archive.entry({ name: "manifest.json" }, JSON.stringify({ ...manifest, schema: 999 }));
    archive.finalize();
    place.file = join(place.dir, "newer.tar");
    await pipeline(archive, createWriteStream(place.file));
    await expect(place.restore()).rejects.toMatchObject({ code: "store:too_new" });
  });

  it("is one with a part twice", async () => {
    const archive = pack();
    for (const text of ["one", "two"]) archive.entry({ name: "hookwright.db" }, text);
    archive.finalize();
    place.file = join(place.dir, "twice.tar");
    await pipeline(archive, createWriteStream(place.file));
    const verifying = verifyBackup(place.file);
    await expect(verifying).rejects.toMatchObject(invalid);
    await expect(verifying).rejects.toThrow("hookwright.db is in it twice");
  });

  it("is a file that is not there, or another one", async () => {
    await expect(verifyBackup(join(place.dir, "none"))).rejects.toMatchObject({ code: "store:not_found" });
    await expect(verifyBackup(join(place.dir, "none/none"))).rejects.toMatchObject({
      code: "store:not_found",
    });
    await writeFile(join(place.dir, "text"), "no archive at all");
    await expect(verifyBackup(join(place.dir, "text"))).rejects.toMatchObject(invalid);
  });
});

describe("a folder that takes nothing", () => {
  const unwritable = { code: "backup:unwritable" };

  beforeEach(async () => {
    await place.deliver("one");
    await place.backUp();
  });
  afterEach(() => vi.unstubAllEnvs());

  it("is not taken for a fault of the backup", async () => {
    // As a full disk is: it says no only when the first part comes.
    const into = join(place.dir, "a-file");
    await writeFile(into, "");
    const reading = readBackup({ file: place.file, into, bodies: true, allowMissing: false });
    await expect(reading).rejects.toMatchObject(unwritable);
    await expect(reading).rejects.toThrow(`${into} can't be written to: `);
  });

  it("is no fault of the store's, whose own files that can't be read are named", async () => {
    await rm(place.bodyFile);
    await mkdir(place.bodyFile);
    const making = place.backUp({ to: join(place.dir, "two.tar") });
    await expect(making).rejects.toMatchObject({ code: "store:unavailable" });
    await expect(making).rejects.toThrow("bodies/00000001 can't be read: EISDIR");
    expect((await readdir(place.dir)).filter((name) => name.startsWith("two"))).toEqual([]);
  });

  it("is named beside a database that can't be copied into it", async () => {
    const database = join(place.dir, "text.db");
    await writeFile(database, "no database at all ".repeat(100));
    const to = join(place.dir, "two.tar");
    const making = place.backUp({ database, to });
    await expect(making).rejects.toMatchObject({ code: "store:unavailable" });
    await expect(making).rejects.toThrow(`${database} can't be copied into ${to}.partial-`);
  });

  it("is named by each command", async () => {
    await writeFile(join(place.dir, "a-file"), "");
    const inside = join(place.dir, "a-file", "one");
    await expect(place.backUp({ to: inside })).rejects.toMatchObject(unwritable);
    await expect(place.restore({ database: inside })).rejects.toMatchObject(unwritable);
    vi.stubEnv("TMPDIR", join(place.dir, "none"));
    await expect(verifyBackup(place.file)).rejects.toMatchObject(unwritable);
  });
});
