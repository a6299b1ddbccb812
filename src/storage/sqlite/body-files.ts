import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { openIfThere } from "../../lib/open-if-there.ts";
import type { Bodies } from "../connection.ts";

/**
 * A new file is begun when one has grown so large, or so old: a file goes as a whole, when nobody refers to anything in it.
 */
const FILE_BYTES = 256 * 1024 * 1024;
const FILE_AGE_MS = 24 * 60 * 60 * 1_000;

/**
 * Bodies in files that are only ever appended to. In SQLite each body would be written twice, to the write-ahead log and
 * to its pages: that took 65 µs for 7 KB, this takes 10. What is not referred to (a crash between `sync` and commit) is
 * a gap that nobody reads.
 */
export interface BodyFiles extends Bodies {
  /** Writes and syncs what was put since; throws when the disk does not take it. */
  sync(): void;
  /** Forgets what was put and not synced. */
  discard(): void;
  close(): void;
}

interface OpenFile {
  readonly number: number;
  readonly fd: number;
  /** When it was begun; where the file system does not say, when it was opened. */
  readonly since: number;
  /** Bytes that are in the file. */
  end: number;
}

export interface BodyFilesOptions {
  readonly dir: string;
  /** The newest reference that the database holds. */
  readonly lastRef: string | null;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export function openBodyFiles({ dir, lastRef, now = Date.now }: BodyFilesOptions): BodyFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let file = openFile(dir, newestNumber(dir), now());
  if (lastRef !== null && !reaches(file, lastRef)) nextFile(parseRef(lastRef).number);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;

  function nextFile(after = file.number): void {
    const next = openFile(dir, after + 1, now());
    closeSync(file.fd);
    file = next;
  }

  function discard(): void {
    waiting = [];
    waitingBytes = 0;
    // A write may have been cut short: a full disk gets its last bytes back.
    if (fstatSync(file.fd).size > file.end) ftruncateSync(file.fd, file.end);
  }

  const isFull = (): boolean => file.end >= FILE_BYTES || (file.end > 0 && now() - file.since >= FILE_AGE_MS);

  return {
    async put(body) {
      if (waiting.length === 0 && isFull()) nextFile();
      const ref = `${file.number}:${file.end + waitingBytes}:${body.length}`;
      waiting.push(body);
      waitingBytes += body.length;
      return ref;
    },
    async get(ref) {
      return readBody(dir, ref);
    },
    sync() {
      if (waiting.length === 0) return;
      writeAll(file, waiting);
      fdatasyncSync(file.fd);
      file.end += waitingBytes;
      waiting = [];
      waitingBytes = 0;
    },
    discard,
    // Their files are appended to only.
    remove: async () => undefined,
    async free({ oldest, complete }) {
      // Nobody refers to anything: not even the file in use is needed.
      if (complete && oldest.length === 0 && waiting.length === 0 && file.end > 0) nextFile();
      const held = new Set(oldest.map((ref) => parseRef(ref).number));
      // References are given out in the order of the files: none beyond those at hand is of an earlier one.
      const known = complete ? file.number : Math.max(0, ...held);
      const unused = numbersIn(dir).filter(
        (number) => number < Math.min(known, file.number) && !held.has(number),
      );
      for (const number of unused) unlinkSync(join(dir, nameOf(number)));
    },
    close: () => closeSync(file.fd),
  };
}

/**
 * False after a restored backup whose bodies are older than its database: a body put there now would pass for the lost
 * one that the database still refers to.
 */
function reaches(file: OpenFile, ref: string): boolean {
  const { number, offset, size } = parseRef(ref);
  return file.number > number || (file.number === number && file.end >= offset + size);
}

function parseRef(ref: string): { readonly number: number; readonly offset: number; readonly size: number } {
  const [number = 0, offset = 0, size = 0] = ref.split(":").map(Number);
  return { number, offset, size };
}

/** The name of the file that a body is in, and how long that file has to be for it. */
export function placeOfBody(ref: string): { readonly file: string; readonly end: number } {
  const { number, offset, size } = parseRef(ref);
  return { file: nameOf(number), end: offset + size };
}

/** Of a file of bodies. */
export const isBodyFile = (name: string): boolean => /^\d{8}$/.test(name);

const nameOf = (number: number): string => String(number).padStart(8, "0");

const numbersIn = (dir: string): number[] => readdirSync(dir).map(Number).filter(Number.isSafeInteger);

const newestNumber = (dir: string): number => Math.max(1, ...numbersIn(dir));

function openFile(dir: string, number: number, now: number): OpenFile {
  const fd = openSync(join(dir, nameOf(number)), "a", 0o600);
  syncFolder(dir);
  const { size, birthtimeMs } = fstatSync(fd);
  const since = size > 0 && birthtimeMs > 0 ? birthtimeMs : now;
  return { number, fd, since, end: size };
}

/** So that the file's name survives a power cut as its content does. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** The system may take less than it is given. */
function writeAll({ fd }: Pick<OpenFile, "fd">, bodies: readonly Uint8Array[]): void {
  const wanted = bodies.reduce((sum, body) => sum + body.length, 0);
  const written = writevSync(fd, bodies);
  if (written === wanted) return;
  const rest = Buffer.concat(bodies).subarray(written);
  if (written === 0) throw Object.assign(new Error("the disk took nothing"), { syscall: "writev" });
  writeAll({ fd }, [rest]);
}

/** Null when it is not there: the file is gone, or shorter than it was. */
export function readBody(dir: string, ref: string): Uint8Array | null {
  const { number, offset, size } = parseRef(ref);
  const fd = openIfThere(join(dir, nameOf(number)));
  if (fd === null) return null;
  try {
    // Of its own memory, so that it can be handed to the other thread without the pool around it.
    const body = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const read = readSync(fd, body, filled, size - filled, offset + filled);
      if (read === 0) return null;
      filled += read;
    }
    return body;
  } finally {
    closeSync(fd);
  }
}
