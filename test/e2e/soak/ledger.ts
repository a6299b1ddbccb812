import Database from "better-sqlite3";
import { z } from "zod";
import { LONG_TEXTS, type ActionName } from "./settings.ts";
import type { Acknowledged } from "./load.ts";
import type { Followed } from "./followers.ts";

/** What must not be; each entry names one case. */
export interface LedgerFaults {
  /** Acknowledged, but not in the store with its body and its tasks. */
  readonly lost: string[];
  /** One delivery on record twice, or with two tasks of it. */
  readonly startedTwice: string[];
  /** Followers that got other lines than the store has, or the same ones otherwise. */
  readonly wrongLogs: string[];
}

export interface EndedTask {
  readonly id: string;
  readonly action: ActionName;
  readonly outcome: string;
}

/** Compares what was answered with what the store has, while the server that has it runs. */
export interface Ledger {
  readonly faults: LedgerFaults;
  readonly ended: readonly EndedTask[];
  /** Tasks that had not ended when last looked at. */
  open(): readonly string[];
  acknowledged(entry: Acknowledged): void;
  /** Looks at what has come since the last time, and at every open task. */
  check(followed: readonly Followed[]): void;
  /** Looks at all that the store has. */
  checkTwice(): void;
}

const ids = z.array(z.object({ id: z.string() }));
const taskRows = z.array(
  z.object({ id: z.string(), state: z.string().nullable(), outcome: z.string().nullable() }),
);
const seqs = z.array(z.object({ seq: z.number() }));

/** Of all that are on record: only for what has no row of its own to be found by. */
const TWICE = `
  select source || ' ' || sender_id as id from deliveries where sender_id is not null
    and verdict = 'accepted' group by source, sender_id having count(*) > 1
  union all select source || ' ' || fingerprint from deliveries where fingerprint is not null
    and verdict = 'accepted' group by source, fingerprint having count(*) > 1
  union all select delivery_id from tasks where delivery_id is not null group by delivery_id having count(*) > 1`;
const MISSING = `select given.value as id from json_each(?) given left join deliveries on deliveries.id = given.value
  where deliveries.id is null or deliveries.body_ref = ''`;
const MISSING_PRINTS = `select given.value as id from json_each(?) given
  where not exists (select 1 from deliveries where source = 'jobserv' and fingerprint = given.value and body_ref <> '')`;
const TASKS = `select given.value as id, state, outcome from json_each(?) given
  left join tasks on tasks.id = given.value`;
const LOG = "select seq from log where task_id = ? order by seq";

export function createLedger(path: string): Ledger {
  const faults: LedgerFaults = { lost: [], startedTwice: [], wrongLogs: [] };
  const ended: EndedTask[] = [];
  const open = new Map<string, ActionName>();
  let fresh: Acknowledged[] = [];

  function checkDeliveries(read: Read, entries: readonly Acknowledged[]): void {
    const named = entries.flatMap(({ answer }) => (answer === null ? [] : [answer.delivery]));
    const prints = entries.flatMap(({ made }) => made.fingerprint ?? []);
    faults.lost.push(
      ...ids.parse(read(MISSING, JSON.stringify(named))).map(({ id }) => `delivery ${id}`),
      ...ids.parse(read(MISSING_PRINTS, JSON.stringify(prints))).map(({ id }) => `jobserv ${id}`),
    );
    for (const { action, answer, made } of entries) {
      if (answer === null) continue;
      const wanted = action === null ? 0 : 1;
      if (answer.tasks.length !== wanted)
        faults.lost.push(`${made.source} ${answer.delivery}: ${answer.tasks.length} tasks of ${wanted}`);
      for (const id of answer.tasks) if (action !== null) open.set(id, action);
    }
  }

  function checkTasks(read: Read): void {
    for (const { id, state, outcome } of taskRows.parse(read(TASKS, JSON.stringify([...open.keys()])))) {
      const action = open.get(id);
      if (state !== null && (outcome === null || state === "CANCELLING")) continue;
      open.delete(id);
      if (state === null) faults.lost.push(`task ${id}`);
      else if (action !== undefined) ended.push({ id, action, outcome: outcome ?? state });
    }
  }

  function checkLog(read: Read, { taskId, seqs: got, texts }: Followed): void {
    const stored = seqs.parse(read(LOG, taskId)).map(({ seq }) => seq);
    if (JSON.stringify(stored) !== JSON.stringify(got))
      faults.wrongLogs.push(`${taskId}: followed [${got.join()}], stored [${stored.join()}]`);
    const [task] = taskRows.parse(read(TASKS, JSON.stringify([taskId])));
    const whole = LONG_TEXTS.join() === texts.slice(-LONG_TEXTS.length).join();
    if (task?.outcome === "succeeded" && !whole)
      faults.wrongLogs.push(`${taskId}: has succeeded, and printed [${texts.join()}]`);
  }

  return {
    faults,
    ended,
    open: () => [...open.keys()],
    acknowledged: (entry) => void fresh.push(entry),
    check(followed) {
      const entries = fresh;
      fresh = [];
      reading((read) => {
        checkDeliveries(read, entries);
        checkTasks(read);
        for (const each of followed) checkLog(read, each);
      });
    },
    checkTwice() {
      const known = new Set(faults.startedTwice);
      const found = reading((read) => ids.parse(read(TWICE)));
      faults.startedTwice.push(...found.map(({ id }) => id).filter((id) => !known.has(id)));
    },
  };

  function reading<T>(work: (read: Read) => T): T {
    const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 10_000 });
    try {
      const read: Read = (sql, parameter) =>
        parameter === undefined ? database.prepare(sql).all() : database.prepare(sql).all(parameter);
      return work(read);
    } finally {
      database.close();
    }
  }
}

type Read = (sql: string, parameter?: string) => unknown;
