import type { Client } from "../client/client.ts";
import { CliError, EXIT } from "./exit-codes.ts";

const FULL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i;
const SEARCHED = 500;

interface Found {
  readonly id: string;
}

/** A task by its id, the beginning or end of it, or `last`. */
export const findTask = (client: Client, ref: string): Promise<string> =>
  find("task", ref, async (limit) => (await client.listTasks({ limit })).items);

/** A delivery by its id, the beginning or end of it, or `last`. */
export const findDelivery = (client: Client, ref: string): Promise<string> =>
  find("delivery", ref, async (limit) => (await client.listDeliveries({ limit })).items);

/** A dead message by its id, the beginning or end of it, or `last`. */
export const findMessage = (client: Client, ref: string): Promise<string> =>
  find("dead letter", ref, async (limit) => (await client.listMessages({ limit, state: "dead" })).items);

async function find(
  word: string,
  ref: string,
  list: (limit: number) => Promise<readonly Found[]>,
): Promise<string> {
  if (FULL_ID.test(ref) && ref.length === 36) return ref;
  const items = await list(ref === "last" ? 1 : SEARCHED);
  const found = ref === "last" ? items : items.filter(({ id }) => id.startsWith(ref) || id.endsWith(ref));
  const [only] = found;
  if (only === undefined)
    throw new CliError(EXIT.notFound, `There is no ${word} ${ref} among the last ${SEARCHED}`);
  if (found.length > 1) {
    throw new CliError(EXIT.usage, `${ref} could be any of ${found.length} ${word} ids; give more of it`);
  }
  return only.id;
}

/** The end of an id, which is what differs: ids begin with the time. */
export const shortId = (id: string): string => id.slice(-8);
