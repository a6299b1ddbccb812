import { AppError } from "../../domain/errors.ts";
import { copyTables } from "./copy-tables.ts";
import type { TableDigest } from "./row-digest.ts";
import { type MoveSource, openSource } from "./source.ts";
import { type MoveTarget, openTarget } from "./target.ts";

export interface MovePlaces {
  /** Path of the embedded database. */
  readonly from: string;
  /** URL of the PostgreSQL database. */
  readonly to: string;
  /** The same without its password, for people. */
  readonly toName: string;
}

export interface MoveOptions extends MovePlaces {
  readonly onProgress: (progress: MoveProgress) => void;
}

export interface MoveProgress {
  readonly phase: "copying" | "comparing";
  readonly table: string;
  readonly rows: number;
  readonly of: number;
}

export interface MovedTable extends TableDigest {
  readonly name: string;
}

export interface Moved {
  /** As they were found equal in both; empty when all of it had been done before. */
  readonly tables: readonly MovedTable[];
  /** Tasks that servers on the new store look at first: those that wait, and those that a dead server left. */
  readonly tasks: number;
  /** Deliveries whose bodies were lost before, and are so now. */
  readonly lostBodies: number;
}

export interface MovePlan {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Whether it has begun already, and would go on. */
  readonly begun: boolean;
}

/**
 * Moves an embedded database, bodies included, into PostgreSQL. After a crash at any moment the same call goes on where it was.
 * Rejects `store:locked` while a server has it, `store:not_empty`, `store:moving` and `store:moved` (elsewhere),
 * `store:differs`, `store:unavailable`, `store:not_found`.
 */
export function moveStore(options: MoveOptions): Promise<Moved> {
  return withBoth(options, { unchanged: false }, async (both) => {
    const stage = await stageOf(both, options);
    if (stage === "over") return { tables: [], tasks: 0, lostBodies: 0 };
    if (stage === "to_finish") return { tables: [], tasks: await both.target.finish(), lostBodies: 0 };
    if (stage === "to_begin") await begin(both, options);
    await copy(both, options);
    const { tables, lostBodies } = await compare(both, options);
    // First: from here on no server may work on the old one any more, and on the new one not yet.
    both.source.mark("done", options.toName);
    return { tables, tasks: await both.target.finish(), lostBodies };
  });
}

/** What a move would do. Changes nothing anywhere. Rejects as moveStore does. */
export function planMove(places: MovePlaces): Promise<MovePlan> {
  return withBoth(places, { unchanged: true }, async (both) => {
    const stage = await stageOf(both, places);
    const { source } = both;
    const tables = source.tables.map((name) => ({ name, rows: source.count(name) }));
    return { tables, begun: stage !== "to_begin" };
  });
}

/** Gives a move up that has not come to its end: the embedded database may be used again, the target is empty. */
export function cancelMove(places: MovePlaces): Promise<void> {
  return withBoth(places, { unchanged: false }, async ({ source, target }) => {
    const { move } = source;
    if (move?.state === "done") throw new AppError("store:moved", `${places.from} has been moved completely`);
    if (move?.state !== "under_way")
      throw new AppError("store:not_found", `No move of ${places.from} is under way`);
    checkPeer(source, places);
    const arriving = await target.move();
    if (arriving?.id === move.id) await target.clear();
    source.mark("cancelled", places.toName);
  });
}

interface Both {
  readonly source: MoveSource;
  readonly target: MoveTarget;
}

async function withBoth<T>(
  { from, to }: MovePlaces,
  { unchanged }: { readonly unchanged: boolean },
  work: (both: Both) => Promise<T>,
): Promise<T> {
  const source = openSource({ path: from, unchanged });
  const target = openTarget(to);
  try {
    return await work({ source, target });
  } finally {
    source.close();
    await target.close();
  }
}

type Stage = "to_begin" | "to_go_on" | "to_finish" | "over";

/** What both databases say; throws where they don't fit each other. */
async function stageOf({ source, target }: Both, { from, toName }: MovePlaces): Promise<Stage> {
  const { move } = source;
  const arriving = await target.move();
  const ours = arriving !== undefined && arriving.id === move?.id;
  if (move?.state === "done") {
    if (!ours) throw new AppError("store:moved", `${from} has been moved to ${move.peer} already`);
    return arriving.state === "done" ? "over" : "to_finish";
  }
  if (move?.state === "under_way") checkPeer(source, { from, toName });
  if (ours && arriving.state === "under_way") return move?.state === "under_way" ? "to_go_on" : "to_begin";
  const contents = Object.entries(await target.contents());
  if (contents.length === 0 && arriving === undefined) return "to_begin";
  const found = contents.map(([table, rows]) => `${table}: ${rows}`).join(", ");
  const advice = "Move into a database without the schemas hookwright and graphile_worker";
  throw new AppError("store:not_empty", `${toName} holds other data already (${found}). ${advice}`);
}

function checkPeer({ move }: MoveSource, { from, toName }: Pick<MovePlaces, "from" | "toName">): void {
  if (move === undefined || move.peer === toName) return;
  const advice = "go on with that one, or give it up with `--cancel`";
  throw new AppError("store:moving", `${from} is being moved to ${move.peer}: ${advice}`);
}

async function begin({ source, target }: Both, { from, toName }: MovePlaces): Promise<void> {
  await target.prepare();
  // Of an earlier move that was given up while the target was away.
  if ((await target.move()) !== undefined) await target.clear();
  await target.begin(source.mark("under_way", toName), from);
}

async function copy({ source, target }: Both, { onProgress }: MoveOptions): Promise<void> {
  const { progress = "{}" } = (await target.move()) ?? {};
  const onRows = (table: string, rows: number, of: number): void =>
    onProgress({ phase: "copying", table, rows, of });
  await copyTables({ source, target, progress, onRows });
  await target.raiseSequences(source.sequences);
}

async function compare({ source, target }: Both, { onProgress }: MoveOptions) {
  const tables: MovedTable[] = [];
  let lost = 0;
  for (const name of source.tables) {
    const of = source.count(name);
    const onRows = (rows: number): void => onProgress({ phase: "comparing", table: name, rows, of });
    const { lostBodies, ...original } = source.digest(name, onRows);
    const copied = await target.digest(name, onRows);
    if (original.rows !== copied.rows || original.digest !== copied.digest) {
      const counts = `${original.rows} rows, of which ${copied.rows} arrived`;
      throw new AppError("store:differs", `The copy of ${name} is not like the original (${counts})`);
    }
    tables.push({ name, ...copied });
    lost += lostBodies;
  }
  return { tables, lostBodies: lost };
}
