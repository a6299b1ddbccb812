import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  openSync,
  statSync,
} from "node:fs";
import { link, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { AppError } from "../../domain/errors.ts";
import { hashBytes } from "../../lib/hashed-bytes.ts";
import { messageOf } from "../../lib/message-of.ts";
import { syncPath } from "../../lib/sync-path.ts";
import { type HeldBodies, type HeldFile, holdBodies } from "./held-bodies.ts";
import { DATABASE, FORMAT, MANIFEST, type Manifest, type Part } from "./manifest.ts";
import { type Contents, incomplete, missingBodies, takeSnapshot } from "./snapshot.ts";
import { writingTo } from "./unwritable.ts";

export interface CreateBackupInput {
  /** Path of the embedded database. A server may have it open. */
  readonly database: string;
  /** A tar archive; compressed where the name ends in `.gz` or `.tgz`. */
  readonly to: string;
  /** Of this program. */
  readonly version: string;
  readonly now: Date;
  /** Also a store that has lost bodies. */
  readonly allowMissing: boolean;
  readonly onProgress: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly done: number;
  /** Bytes. */
  readonly of: number;
}

export interface Backup extends Manifest {
  /** Of the archive. */
  readonly bytes: number;
}

/** Where a body file was freed just as the copy was made, the next copy does not refer to it. */
const ATTEMPTS = 2;

/**
 * Backs an embedded store up: everything that was stored before the call, deliveries' bodies included. The file appears under
 * its name when it is complete and on disk. Rejects `store:not_found`, `store:moved`, `backup:exists`, `backup:incomplete`,
 * `backup:unwritable`, `store:unavailable`.
 */
export async function createBackup(input: CreateBackupInput): Promise<Backup> {
  const { to } = input;
  if (existsSync(to)) throw exists(to);
  const folder = dirname(to);
  // Of this call alone: another one may be under way.
  const staging = await writingTo(folder, async () => {
    await mkdir(folder, { recursive: true });
    return mkdtemp(`${to}.partial-`);
  });
  try {
    const copy = join(staging, DATABASE);
    const copied = await copyStore(input, copy);
    const places = { next: join(staging, "archive"), copy };
    return await writingTo(folder, () => store(input, { copied, places })).finally(copied.bodies.close);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

interface Storing {
  readonly copied: Copied;
  readonly places: Places;
}

async function store(input: CreateBackupInput, { copied, places }: Storing): Promise<Backup> {
  const { to } = input;
  const manifest = await write(input, { copied, places });
  await syncPath(places.next);
  await putInPlace(places.next, to);
  await syncPath(dirname(to));
  return { ...manifest, bytes: statSync(to).size };
}

const exists = (to: string): AppError =>
  new AppError("backup:exists", `${to} exists; a backup overwrites nothing`);

/** A link is refused where there is a file by now; a rename would replace it. */
async function putInPlace(next: string, to: string): Promise<void> {
  try {
    await link(next, to);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST") throw exists(to);
    // A file system without links.
    if (existsSync(to)) throw exists(to);
    await rename(next, to);
  }
}

interface Copied {
  readonly contents: Contents;
  readonly bodies: HeldBodies;
  readonly missing: number;
}

async function copyStore({ database, allowMissing }: CreateBackupInput, copy: string): Promise<Copied> {
  for (let attempt = 1; ; attempt += 1) {
    await rm(copy, { force: true });
    const bodies = holdBodies(database);
    try {
      const contents = takeSnapshot(database, copy);
      bodies.add();
      const missing = missingBodies(copy, bodies.holds);
      if (missing.deliveries === 0 || (allowMissing && attempt === ATTEMPTS)) {
        return { contents, bodies, missing: missing.deliveries };
      }
      if (attempt === ATTEMPTS) throw incomplete(missing, database);
    } catch (error) {
      bodies.close();
      throw error;
    }
    bodies.close();
  }
}

interface Places {
  readonly next: string;
  readonly copy: string;
}

async function write(input: CreateBackupInput, { copied, places }: Storing): Promise<Manifest> {
  const { to, version, now, onProgress } = input;
  const { contents, bodies, missing } = copied;
  const { next, copy } = places;
  const snapshot = openSync(copy, "r");
  try {
    const sources = [
      { name: DATABASE, fd: snapshot, bytes: fstatSync(snapshot).size },
      ...bodies.list().map((file) => ({ ...file, name: `bodies/${file.name}` })),
    ];
    const archive = pack();
    const target = createWriteStream(next, { flags: "wx", mode: 0o600 });
    const written = /\.t?gz$/.test(to) ? pipeline(archive, createGzip(), target) : pipeline(archive, target);
    const of = sources.reduce((sum, { bytes }) => sum + bytes, 0);
    let done = 0;
    const filling = fill(archive, sources, (bytes) => onProgress({ done: (done += bytes), of })).then(
      (parts) => {
        const manifest = {
          format: FORMAT,
          version,
          createdAt: now.toISOString(),
          ...contents,
          missing,
          parts,
        };
        archive.entry({ name: MANIFEST, mode: 0o600, mtime: now }, JSON.stringify(manifest, null, 2));
        archive.finalize();
        return manifest;
      },
    );
    // Whichever fails ends the other.
    filling.catch((error: unknown) => archive.destroy(error instanceof Error ? error : undefined));
    const [manifest] = await Promise.all([filling, written]);
    return manifest;
  } finally {
    closeSync(snapshot);
  }
}

async function fill(
  archive: Pack,
  sources: readonly HeldFile[],
  onBytes: (bytes: number) => void,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const { name, fd, bytes } of sources) {
    const hashed = hashBytes(onBytes);
    const entry = archive.entry({ name, size: bytes, mode: 0o600 });
    await pipeline(bytesOf({ name, fd, bytes }), hashed.through, entry);
    parts.push({ name, bytes, sha256: hashed.sha256() });
  }
  return parts;
}

/** As many as were there when it was looked at: more may have come since. */
async function* bytesOf({ name, fd, bytes }: HeldFile): AsyncIterable<Buffer> {
  if (bytes === 0) return;
  try {
    yield* createReadStream("", { fd, start: 0, end: bytes - 1, autoClose: false });
  } catch (error) {
    throw new AppError("store:unavailable", `${name} can't be read: ${messageOf(error)}`, { cause: error });
  }
}
