import { z } from "zod";
import type { BatchLimits, MoveSource } from "./source.ts";
import { type MoveTarget, placeSchema } from "./target.ts";

const LIMITS: BatchLimits = { rows: 500, bytes: 8_000_000 };

export interface CopyOptions {
  readonly source: MoveSource;
  readonly target: MoveTarget;
  /** What the target says of how far it has come. */
  readonly progress: string;
  readonly onRows: (table: string, rows: number, of: number) => void;
}

/** Goes on where the target is: each batch is one transaction with the note of how far it goes. */
export async function copyTables({ source, target, progress, onRows }: CopyOptions): Promise<void> {
  const place = placeSchema.nullable().catch(null).parse(JSON.parse(progress));
  const first = place === null ? 0 : source.tables.indexOf(place.table);
  for (const table of source.tables.slice(first)) {
    let after: number | null = table === place?.table ? place.after : 0;
    const of = source.count(table);
    let copied = 0;
    while (after !== null) {
      const { rows, last } = source.batch(table, after, LIMITS);
      after = last;
      if (last === null) break;
      const bodies = table === "deliveries" ? rows.map((row) => source.body(refOf(row))) : [];
      await target.insert({ table, rows, bodies, place: { table, after: last } });
      copied += rows.length;
      onRows(table, copied, of);
    }
  }
}

const refOf = (row: Readonly<Record<string, unknown>>): string => z.string().parse(row["body_ref"]);
