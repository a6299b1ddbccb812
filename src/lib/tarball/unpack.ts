import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Extract, type Header } from "tar-stream";
import { createBounds, TARBALL_LIMITS, type TarballLimits } from "./bounds.ts";
import { checkLink, partsOf, shown, TarballError } from "./names.ts";
import { createTree, type Tree } from "./tree.ts";

export interface UnpackOptions {
  /** A gzipped tar. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** An empty folder. */
  readonly into: string;
  /** Leading parts of each path to drop: forges put everything in one folder. Default 1. */
  readonly strip?: number;
  readonly limits?: Partial<TarballLimits>;
  readonly signal: AbortSignal;
}

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks an archive of a stranger. Only files, folders and links that stay inside are made, each once, with plain modes; what
 * is anything else, or beyond the limits, ends it. Rejects TarballError; what is there then is the caller's to remove.
 */
export async function unpackTarball(options: UnpackOptions): Promise<Unpacked> {
  const { archive, into, signal } = options;
  const limits = { ...TARBALL_LIMITS, ...options.limits };
  const { incoming, outgoing } = createBounds(limits);
  const entries = extract();
  // Both ends have to be awaited: whichever fails first has the reason.
  const source = Readable.from(archive, { objectMode: false });
  const flow = pipeline(
    source,
    incoming,
    createGunzip(),
    outgoing,
    (chunks: AsyncIterable<Buffer>) => feed(chunks, entries),
    { signal },
  );
  const work = takeAll(entries, { tree: createTree(into), strip: options.strip ?? 1, limits });
  // Otherwise whoever waits for the next entry would wait for ever.
  flow.catch((error: unknown) => entries.destroy(error instanceof Error ? error : new Error(String(error))));
  // A download that hangs would not let its own end be waited for.
  const [flowed, worked] = await orAborted(Promise.allSettled([flow, work]), signal);
  signal.throwIfAborted();
  if (worked.status === "rejected" && worked.reason instanceof TarballError) throw worked.reason;
  if (flowed.status === "rejected") throw explain(flowed.reason);
  if (worked.status === "rejected") throw explain(worked.reason);
  if (worked.value.files === 0) throw new TarballError("empty", "The archive holds no file");
  return worked.value;
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The parser is a stream of another kind than node's own. */
async function feed(chunks: AsyncIterable<Buffer>, entries: Extract): Promise<void> {
  for await (const chunk of chunks) {
    if (entries.destroyed) throw new Error("the archive is not read to its end");
    if (!entries.write(chunk)) await drained(entries);
  }
  entries.end(null);
}

const drained = (entries: Extract): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      entries.off("drain", done);
      entries.off("close", done);
      resolve();
    };
    entries.on("drain", done);
    entries.on("close", done);
  });

/** One piece of an archive. */
interface Entry extends AsyncIterable<unknown> {
  readonly header: Header;
  resume(): unknown;
}

interface TakeOptions {
  readonly tree: Tree;
  readonly strip: number;
  readonly limits: TarballLimits;
}

async function takeAll(
  entries: AsyncIterable<Entry>,
  { tree, strip, limits }: TakeOptions,
): Promise<Unpacked> {
  let count = 0;
  let files = 0;
  let bytes = 0;
  for await (const entry of entries) {
    count += 1;
    if (count > limits.maxEntries) {
      throw new TarballError("too_many_files", `The archive has more than ${limits.maxEntries} entries`);
    }
    const taken = await takeEntry(entry, tree, strip);
    if (taken !== null) files += 1;
    bytes += taken ?? 0;
    // What was not a file has no content, or none that is wanted.
    entry.resume();
  }
  return { files, bytes };
}

/** The bytes of a file; null for everything else. */
async function takeEntry(entry: Entry, tree: Tree, strip: number): Promise<number | null> {
  const { header } = entry;
  const { name, linkname, type } = header;
  const parts = partsOf(name).slice(strip);
  if (type === "directory") {
    await tree.folder(parts);
    return null;
  }
  if (type !== "file" && type !== "contiguous-file" && type !== "symlink") throw unsupported(header);
  if (parts.length === 0) {
    throw new TarballError("unsafe_path", `The archive has ${shown(name)} beside its one folder`);
  }
  if (type === "symlink") {
    checkLink(parts, linkname);
    await tree.link(parts, linkname);
    return null;
  }
  const file = await tree.newFile(parts);
  await pipeline(entry, createWriteStream(file, { flags: "wx", mode: modeOf(header) }));
  return header.size;
}

const EXECUTABLE = 0o111;

/** Nothing but whether it can be run: no setuid, nothing that others may write. */
const modeOf = ({ mode }: Header): number => ((mode & EXECUTABLE) === 0 ? 0o644 : 0o755);

const unsupported = ({ name, type }: Header): TarballError =>
  new TarballError(
    "unsupported_entry",
    `The archive has ${shown(name)}, which is a ${type}; only files, folders and symbolic links are unpacked`,
  );

function explain(error: unknown): TarballError {
  if (error instanceof TarballError) return error;
  const { message, code } =
    error instanceof Error
      ? { message: error.message, code: codeOf(error) }
      : { message: String(error), code: "" };
  const ours = /^E[A-Z]+$/.test(code);
  if (ours)
    return new TarballError("write", `The archive could not be unpacked: ${message}`, { cause: error });
  return new TarballError("malformed", `The archive is broken: ${message}`, { cause: error });
}

const codeOf = (error: Error): string => ("code" in error ? String(error.code) : "");
