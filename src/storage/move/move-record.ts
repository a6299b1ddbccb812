import { z } from "zod";
import { AppError } from "../../domain/errors.ts";

/** What a database says of a move, in its table `moves`; undefined: nothing. */
export const moveRow = z
  .object({
    id: z.string(),
    state: z.enum(["under_way", "done", "cancelled"]),
    peer: z.string(),
    progress: z.string(),
  })
  .optional();
export type MoveRow = z.output<typeof moveRow>;

const select = (role: string): string => `select id, state, peer, progress from moves where role = '${role}'`;

/** Read by whichever of the two databases. */
export const MOVE_OF = { source: select("source"), target: select("target") };

/** Throws where no server may work: its data is elsewhere, or on the way. `name`: of the database, for people. */
export function refuseMoved(row: MoveRow, name: string): void {
  if (row?.state === "under_way") throw moving(name, row.peer);
  if (row?.state === "done") {
    const advice = `give \`store\` in the settings that address`;
    throw new AppError("store:moved", `What ${name} held has been moved to ${row.peer}: ${advice}`);
  }
}

/** The same for the database that the data goes to: once it is there, it is at home. */
export function refuseArriving(row: MoveRow): void {
  if (row?.state === "under_way") throw moving("the database", row.peer);
}

function moving(name: string, peer: string): AppError {
  const advice = "finish that with `hookwright migrate-store`, or give it up with `--cancel`";
  return new AppError("store:moving", `A move between ${name} and ${peer} is under way: ${advice}`);
}
