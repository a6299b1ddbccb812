import { createHash } from "node:crypto";

export type Row = Readonly<Record<string, unknown>>;

/** What two tables have in common if they hold the same rows, in whatever order. */
export interface TableDigest {
  readonly rows: number;
  /** Hexadecimal. */
  readonly digest: string;
}

const BITS = 128;

/** Adds up the SHA-256 of every row, so that the order of the rows does not matter. */
export function createRowDigest(): { add(row: Row): void; result(): TableDigest } {
  let rows = 0;
  let sum = 0n;
  return {
    add(row) {
      rows += 1;
      sum = BigInt.asUintN(BITS, sum + hashOf(row));
    },
    result: () => ({ rows, digest: sum.toString(16).padStart(BITS / 4, "0") }),
  };
}

function hashOf(row: Row): bigint {
  const names = Object.keys(row).toSorted();
  const bytes = createHash("sha256")
    .update(JSON.stringify(names.map((name) => [name, row[name]])))
    .digest();
  return (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8);
}
