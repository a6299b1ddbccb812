import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backup, createBackup, type CreateBackupInput } from "../../src/storage/backup/create.ts";
import { type Restored, restoreBackup, type RestoreInput } from "../../src/storage/backup/restore.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { aDelivery, at } from "./store.ts";

/** A folder with an embedded store that is open, and where its backup and what is restored from it go. */
export interface BackupPlace {
  readonly dir: string;
  readonly store: Store;
  /** Of bodies. */
  readonly bodyFile: string;
  /** Of the backup; may be set. */
  file: string;
  /** Path of the database that is restored. */
  readonly restored: string;
  open(path: string): Promise<Store>;
  close(store: Store): Promise<void>;
  /** Resolves with the delivery's id. */
  deliver(sender: string): Promise<string>;
  backUp(given?: Partial<CreateBackupInput>): Promise<Backup>;
  restore(given?: Partial<RestoreInput>): Promise<Restored>;
  end(): Promise<void>;
}

export const bodyOf = (sender: string): Buffer => Buffer.from(`the body of ${sender} \0 ü `.repeat(50));

const now = new Date(at(100));

export async function createBackupPlace(): Promise<BackupPlace> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-backup-"));
  const database = join(dir, "hookwright.db");
  const opened = new Set<Store>();

  async function open(path: string): Promise<Store> {
    const one = await openStore({ kind: "sqlite", path });
    opened.add(one);
    return one;
  }

  async function close(one: Store): Promise<void> {
    opened.delete(one);
    await one.close();
  }

  const store = await open(database);
  const place: BackupPlace = {
    dir,
    store,
    bodyFile: join(`${database}.bodies`, "00000001"),
    file: join(dir, "backups", "one.tar.gz"),
    restored: join(dir, "restored", "hookwright.db"),
    open,
    close,
    async deliver(sender) {
      const input = aDelivery({ senderId: sender, body: bodyOf(sender), tasks: [{ group: sender }] });
      return (await store.storeDelivery(input)).deliveryId;
    },
    backUp: (given) =>
      createBackup({
        database,
        to: place.file,
        version: "1.2.3",
        now,
        allowMissing: false,
        onProgress: () => undefined,
        ...given,
      }),
    restore: (given) =>
      restoreBackup({
        file: place.file,
        database: place.restored,
        force: false,
        dropWaiting: false,
        allowMissing: false,
        now,
        ...given,
      }),
    async end() {
      await Promise.all([...opened].map(close));
      await rm(dir, { recursive: true, force: true });
    },
  };
  return place;
}
