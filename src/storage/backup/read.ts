import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { AppError } from "../../domain/errors.ts";
import { hashBytes } from "../../lib/hashed-bytes.ts";
import { messageOf } from "../../lib/message-of.ts";
import { SCHEMA_VERSION } from "../migrations/migrations.ts";
import { DATABASE, FORMAT, isPart, MANIFEST, type Manifest, manifestSchema, type Part } from "./manifest.ts";
import { contentsOf, incomplete, missingBodies } from "./snapshot.ts";
import { writingTo } from "./unwritable.ts";

export interface ReadBackupInput {
  readonly file: string;
  /** An empty folder, for the database, and for the bodies below `bodies`. */
  readonly into: string;
  /** False: bodies are checked, and not kept. */
  readonly bodies: boolean;
  /** Also one that lacks bodies which its database refers to. */
  readonly allowMissing: boolean;
}

const MAX_MANIFEST = 16 * 1024 * 1024;

/**
 * Unpacks a backup and checks every byte of it. Rejects `backup:invalid` (cut short, changed, or no backup),
 * `backup:incomplete`, `backup:unwritable`, `store:too_new`, `store:not_found`.
 */
export async function readBackup({ file, into, bodies, allowMissing }: ReadBackupInput): Promise<Manifest> {
  const found: Part[] = [];
  let manifest: Manifest | null = null;
  const archive = extract();
  const compressed = await isCompressed(file);
  const source = createReadStream(file);
  const unpacking = compressed ? pipeline(source, createGunzip(), archive) : pipeline(source, archive);
  // Said by the loop, too; without this it would end the process when the loop ends first.
  unpacking.catch(() => undefined);
  try {
    for await (const entry of archive) {
      const { name, size, type } = entry.header;
      if (type !== "file") throw new Error(`${name} is no file`);
      if (name === MANIFEST) manifest = parseManifest(await textOf(entry, size));
      else if (found.some((part) => part.name === name)) throw new Error(`${name} is in it twice`);
      else if (isPart(name)) {
        const keep = bodies || name === DATABASE;
        found.push(await writingTo(into, () => take(entry, { name, into, keep })));
      } else throw new Error(`${name} does not belong to a backup`);
    }
    await unpacking;
    if (manifest === null) throw new Error("its end is missing");
    compare(manifest.parts, found);
  } catch (error) {
    source.destroy();
    if (error instanceof AppError) throw error;
    throw new AppError("backup:invalid", `${file} is no whole backup: ${messageOf(error)}`, { cause: error });
  }
  const database = join(into, DATABASE);
  contentsOf(database);
  const sizes = new Map(found.map(({ name, bytes: size }) => [basename(name), size]));
  const missing = missingBodies(database, (name, bytes) => (sizes.get(name) ?? 0) >= bytes);
  if (missing.deliveries > manifest.missing && !allowMissing) throw incomplete(missing, file);
  return { ...manifest, missing: missing.deliveries };
}

async function isCompressed(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new AppError("store:not_found", `${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

async function textOf(entry: AsyncIterable<unknown>, size: number): Promise<string> {
  if (size > MAX_MANIFEST) throw new Error("its manifest is too large");
  const chunks: Buffer[] = [];
  for await (const chunk of bytesIn(entry)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parseManifest(text: string): Manifest {
  const manifest = manifestSchema.parse(JSON.parse(text));
  if (manifest.format > FORMAT || manifest.schema > SCHEMA_VERSION) {
    throw new AppError(
      "store:too_new",
      `The backup was made by Hookwright ${manifest.version}, which is newer than this one: restore it with that`,
    );
  }
  return manifest;
}

interface Taking {
  readonly name: string;
  readonly into: string;
  readonly keep: boolean;
}

async function take(entry: AsyncIterable<unknown>, { name, into, keep }: Taking): Promise<Part> {
  const hashed = hashBytes();
  const bytes = hashed.through(bytesIn(entry));
  const path = join(into, name);
  if (keep) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await pipeline(bytes, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
  } else {
    for await (const _ of bytes);
  }
  return { name, bytes: hashed.bytes, sha256: hashed.sha256() };
}

async function* bytesIn(entry: AsyncIterable<unknown>): AsyncIterable<Buffer> {
  for await (const chunk of entry) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("an archive's entry is not of bytes");
    yield chunk;
  }
}

function compare(told: readonly Part[], found: readonly Part[]): void {
  const seen = new Map(found.map((part) => [part.name, part]));
  if (told.length !== found.length) throw new Error("parts are missing, or too many");
  for (const { name, bytes, sha256 } of told) {
    const part = seen.get(name);
    if (part?.bytes !== bytes || part.sha256 !== sha256) throw new Error(`${name} is not as it was`);
  }
  if (!seen.has(DATABASE)) throw new Error("it has no database");
}
