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
  close(): void;
}

export function holdBodies(database: string): HeldBodies {
  const dir = bodiesDir(database);
  const held = new Map<string, number>();
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
    close() {
      for (const fd of held.values()) closeSync(fd);
    },
  };
  bodies.add();
  return bodies;
}
