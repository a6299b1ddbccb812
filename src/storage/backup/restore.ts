import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import { syncPath } from "../../lib/sync-path.ts";
import { openStore } from "../open.ts";
import { bodiesDir, restoreMark } from "../sqlite/database.ts";
import { lockDatabase } from "../sqlite/locks.ts";
import { DATABASE, type Manifest } from "./manifest.ts";
import { readBackup } from "./read.ts";
import { writingTo } from "./unwritable.ts";

export interface RestoreInput {
  readonly file: string;
  /** Path of the embedded database to be. */
  readonly database: string;
  /** Puts aside what is there. */
  readonly force: boolean;
  /** Ends the tasks that waited, instead of leaving them to the next server. */
  readonly dropWaiting: boolean;
  /** Also from a backup that lacks bodies. */
  readonly allowMissing: boolean;
  readonly now: Date;
}

export interface Restored {
  readonly manifest: Manifest;
  /** Where what was there before is now; null: there was nothing. */
  readonly aside: string | null;
  /** Tasks that were ended. */
  readonly dropped: number;
}

/**
 * Puts a backup in the place of an embedded store, all or nothing. Rejects `store:not_empty` unless told to put aside what is
 * there, `store:locked` while a server has it, and as readBackup does.
 */
export async function restoreBackup(input: RestoreInput): Promise<Restored> {
  const { file, database, dropWaiting, allowMissing, now } = input;
  const staging = await writingTo(dirname(database), async () => {
    await mkdir(dirname(database), { recursive: true, mode: 0o700 });
    return mkdtemp(`${database}.restoring-`);
  });
  try {
    const manifest = await readBackup({ file, into: staging, bodies: true, allowMissing });
    // Before it is in its place, where a server could begin them.
    const dropped = dropWaiting ? await endWaiting(join(staging, DATABASE), now) : 0;
    return { manifest, aside: await putInPlace(staging, input), dropped };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Verifies a backup in the system's temporary folder (`TMPDIR`). Rejects as readBackup does. */
export async function verifyBackup(file: string): Promise<Manifest> {
  const into = await writingTo(tmpdir(), () => mkdtemp(join(tmpdir(), "hookwright-verify-")));
  try {
    return await readBackup({ file, into, bodies: false, allowMissing: false });
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

type Placing = Pick<RestoreInput, "database" | "force" | "now">;

async function putInPlace(staging: string, placing: Placing): Promise<string | null> {
  const { database, force } = placing;
  const lock = lockDatabase(database);
  try {
    const there = partsAt(database).filter((path) => existsSync(path));
    if (there.length > 0 && !force) {
      const advice = "`--force` puts it aside, under another name";
      throw new AppError("store:not_empty", `${database} is there already: ${advice}`);
    }
    // From here to its end no server starts on what is there, or on nothing.
    const mark = restoreMark(database);
    await writeFile(mark, "", { flush: true });
    await syncPath(dirname(database));
    const aside = there.length === 0 ? null : await putAside(there, placing);
    await moveIn(staging, database);
    await rm(mark);
    await syncPath(dirname(database));
    return aside;
  } finally {
    lock.close();
  }
}

async function moveIn(staging: string, database: string): Promise<void> {
  const bodies = join(staging, "bodies");
  if (existsSync(bodies)) {
    await syncPath(bodies);
    await rename(bodies, bodiesDir(database));
  }
  await syncPath(join(staging, DATABASE));
  await rename(join(staging, DATABASE), database);
  await syncPath(dirname(database));
}

/** All that makes up a database. */
const partsAt = (database: string): readonly string[] => [
  database,
  `${database}-wal`,
  `${database}-shm`,
  bodiesDir(database),
];

async function putAside(
  there: readonly string[],
  { database, now }: Pick<Placing, "database" | "now">,
): Promise<string> {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const aside = await mkdtemp(`${database}.before-${stamp}-`);
  for (const path of there) await rename(path, join(aside, basename(path)));
  await syncPath(aside);
  return aside;
}

const PAGE = 500;

async function endWaiting(database: string, now: Date): Promise<number> {
  const store = await openStore({ kind: "sqlite", path: database });
  try {
    let ended = 0;
    for (;;) {
      const { items } = await store.listTasks({ state: "ENQUEUED", limit: PAGE });
      if (items.length === 0) return ended;
      for (const { id } of items) {
        await store.transition({
          id,
          signal: { type: "stop", outcome: "cancelled" },
          reason: "It waited when the backup was made that was restored",
          now: now.toISOString(),
        });
        ended += 1;
      }
    }
  } finally {
    await store.close();
  }
}
