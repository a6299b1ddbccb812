import { closeSync, existsSync, fstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openIfThere } from "../../lib/open-if-there.ts";
import { bodiesDir } from "../sqlite/database.ts";
import { isBodyFile } from "../sqlite/body-files.ts";

/** A file of bodies, with the bytes that were in it when it was looked at. */
export interface HeldFile {
  readonly name: string;
  readonly fd: number;
  readonly bytes: number;
}

/** The files of bodies of a database, held open: what is freed meanwhile can still be read. */
export interface HeldBodies {
  /** Takes hold of those that have come since. */
  add(): void;
  list(): readonly HeldFile[];
  /** Whether a file of that name has so many bytes by now. */
  holds(name: string, bytes: number): boolean;
  close(): void;
}

export function holdBodies(database: string): HeldBodies {
  const dir = bodiesDir(database);
  const held = new Map<string, number>();
  /** Bytes that a file has had already: it is asked for each delivery. */
  const seen = new Map<string, number>();
  const bodies: HeldBodies = {
    add() {
      if (!existsSync(dir)) return;
      for (const name of readdirSync(dir).filter((each) => isBodyFile(each) && !held.has(each))) {
        // Null: freed since it was listed.
        const fd = openIfThere(join(dir, name));
        if (fd !== null) held.set(name, fd);
      }
    },
    list: () =>
      [...held]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, fd]) => ({ name, fd, bytes: fstatSync(fd).size })),
    holds(name, bytes) {
      if ((seen.get(name) ?? 0) >= bytes) return true;
      if (!held.has(name)) bodies.add();
      const fd = held.get(name);
      const size = fd === undefined ? 0 : fstatSync(fd).size;
      seen.set(name, size);
      return size >= bytes;
    },
    close() {
      for (const fd of held.values()) closeSync(fd);
    },
  };
  bodies.add();
  return bodies;
}
