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
  writevSync,
} from "node:fs";
import { join } from "node:path";
import type { Bodies } from "../connection.ts";

/** A new file is begun when one has grown so large. */
const FILE_BYTES = 256 * 1024 * 1024;

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
  /** Bytes that are in the file. */
  end: number;
}

/** `lastRef`: the newest reference that the database holds. */
export function openBodyFiles(dir: string, lastRef: string | null): BodyFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let file = openFile(dir, newestNumber(dir));
  if (lastRef !== null && !reaches(file, lastRef)) nextFile(parseRef(lastRef).number);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;

  function nextFile(after = file.number): void {
    const next = openFile(dir, after + 1);
    closeSync(file.fd);
    file = next;
  }

  function discard(): void {
    waiting = [];
    waitingBytes = 0;
    // A write may have been cut short: a full disk gets its last bytes back.
    if (fstatSync(file.fd).size > file.end) ftruncateSync(file.fd, file.end);
  }

  return {
    async put(body) {
      if (waiting.length === 0 && file.end >= FILE_BYTES) nextFile();
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

const nameOf = (number: number): string => String(number).padStart(8, "0");

function newestNumber(dir: string): number {
  const numbers = readdirSync(dir).map(Number).filter(Number.isSafeInteger);
  return Math.max(1, ...numbers);
}

function openFile(dir: string, number: number): OpenFile {
  const fd = openSync(join(dir, nameOf(number)), "a", 0o600);
  syncFolder(dir);
  return { number, fd, end: fstatSync(fd).size };
}

/** So that the file's name survives a power cut as its content does. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** The system may take less than it is given. */
function writeAll({ fd }: OpenFile, bodies: readonly Uint8Array[]): void {
  const wanted = bodies.reduce((sum, body) => sum + body.length, 0);
  const written = writevSync(fd, bodies);
  if (written === wanted) return;
  const rest = Buffer.concat(bodies).subarray(written);
  if (written === 0) throw Object.assign(new Error("the disk took nothing"), { syscall: "writev" });
  writeAll({ fd, number: 0, end: 0 }, [rest]);
}

/** Null when it is not there: the file is gone, or shorter than it was. */
function readBody(dir: string, ref: string): Uint8Array | null {
  const { number, offset, size } = parseRef(ref);
  const fd = openExisting(join(dir, nameOf(number)));
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

function openExisting(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
