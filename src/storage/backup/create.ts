import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { AppError } from "../../domain/errors.ts";
import { DATABASE, FORMAT, MANIFEST, type Manifest, type Part } from "./manifest.ts";
import { bodyFiles, takeSnapshot } from "./snapshot.ts";

export interface CreateBackupInput {
  /** Path of the embedded database. A server may have it open. */
  readonly database: string;
  /** A tar archive; compressed where the name ends in `.gz` or `.tgz`. */
  readonly to: string;
  /** Of this program. */
  readonly version: string;
  readonly now: Date;
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

/**
 * Backs an embedded store up: everything that was stored before the call, deliveries' bodies included. The file appears under
 * its name when it is complete and on disk. Rejects `store:not_found`, `store:moved`, `backup:exists`, `store:unavailable`.
 */
export async function createBackup(input: CreateBackupInput): Promise<Backup> {
  const { to } = input;
  if (existsSync(to)) throw new AppError("backup:exists", `${to} exists; a backup overwrites nothing`);
  await mkdir(dirname(to), { recursive: true });
  const next = `${to}.partial`;
  const copy = `${to}.snapshot`;
  await clear(next, copy);
  try {
    const manifest = await write(input, { next, copy });
    await syncFile(next);
    await rename(next, to);
    await syncFile(dirname(to));
    return { ...manifest, bytes: statSync(to).size };
  } finally {
    await clear(next, copy);
  }
}

const clear = async (...files: readonly string[]): Promise<void> => {
  for (const file of files) await rm(file, { force: true });
};

async function write(
  { database, to, version, now, onProgress }: CreateBackupInput,
  { next, copy }: { readonly next: string; readonly copy: string },
): Promise<Manifest> {
  const contents = takeSnapshot(database, copy);
  // After the snapshot: a body is in its file before the row that refers to it is.
  const bodies = bodyFiles(database);
  const files = [
    { name: DATABASE, file: copy, bytes: statSync(copy).size },
    ...bodies.map(({ file, bytes }) => ({ name: `bodies/${basename(file)}`, file, bytes })),
  ];
  const archive = pack();
  const target = createWriteStream(next, { flags: "wx", mode: 0o600 });
  const written = /\.t?gz$/.test(to) ? pipeline(archive, createGzip(), target) : pipeline(archive, target);
  const of = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const filling = fill(archive, files, (bytes) => onProgress({ done: (done += bytes), of })).then((parts) => {
    const manifest = { format: FORMAT, version, createdAt: now.toISOString(), ...contents, parts };
    archive.entry({ name: MANIFEST, mode: 0o600, mtime: now }, JSON.stringify(manifest, null, 2));
    archive.finalize();
    return manifest;
  });
  // Whichever fails ends the other.
  filling.catch((error: unknown) => archive.destroy(error instanceof Error ? error : undefined));
  const [manifest] = await Promise.all([filling, written]);
  return manifest;
}

interface Source {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
}

async function fill(
  archive: Pack,
  files: readonly Source[],
  onBytes: (bytes: number) => void,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const { name, file, bytes } of files) {
    // A file of bodies that was pruned meanwhile held none that anybody refers to.
    if (!existsSync(file)) continue;
    const hash = createHash("sha256");
    const entry = archive.entry({ name, size: bytes, mode: 0o600 });
    await pipeline(bytesOf(file, bytes), counting(hash, onBytes), entry);
    parts.push({ name, bytes, sha256: hash.digest("hex") });
  }
  return parts;
}

/** As many as were there when it was looked at: more may have come since. */
async function* bytesOf(file: string, bytes: number): AsyncIterable<Buffer> {
  if (bytes > 0) yield* createReadStream(file, { start: 0, end: bytes - 1 });
}

const counting = (hash: { update(data: Uint8Array): unknown }, onBytes: (bytes: number) => void) =>
  async function* count(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      onBytes(chunk.length);
      yield chunk;
    }
  };

/** Also of a folder: so that a name in it survives a power cut. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
