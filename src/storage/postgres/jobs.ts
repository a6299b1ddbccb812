import { createHash } from "node:crypto";
import type pg from "pg";
import { z } from "zod";
import type { Jobs, JobTask } from "../connection.ts";
import { RUN, runOn } from "../job-names.ts";
import { toJob } from "../operations/rows.ts";

/** The engine's own limit is below that of a group's name. */
const LONGEST_QUEUE = 128;
/** As often as the engine can count: whether a task is tried again is for the task's record to say. */
const MAX_ATTEMPTS = 32_767;
/** Of forgotten tasks, so many at a time. */
const FORGOTTEN = 500;

/**
 * Jobs of graphile-worker. A job says only that somebody should look at a task; the tasks table says what is to be done.
 * So a job too many does no harm, and a lost one is found missing by `handOn`.
 */
export function createJobs(client: pg.ClientBase): Jobs {
  async function add(task: JobTask, delayMs = 0): Promise<void> {
    // One for each label: whoever is free first looks at it, and the others find it taken.
    await Promise.all(jobsOf(task).map((job) => addJob(client, { ...job, task, delayMs })));
  }

  return {
    add,
    async handOn({ now, since, pools, jobs }) {
      await client.query({ name: "unlock-lost", text: UNLOCK_LOST, values: [now, since] });
      await client.query({ name: "unlock-unknown", text: UNLOCK_UNKNOWN, values: [pools, jobs, since] });
      const { rows } = await client.query({
        name: "forgotten",
        text: FORGOTTEN_TASKS,
        values: [now, FORGOTTEN],
      });
      for (const task of forgottenTasks.parse(rows)) await add(toJob(task));
    },
    async release(pools) {
      await client.query("select graphile_worker.force_unlock_workers($1::text[])", [pools]);
    },
  };
}

interface Job {
  readonly key: string;
  readonly identifier: string;
}

function jobsOf({ id, runsOn }: JobTask): Job[] {
  if (runsOn === null) return [{ key: id, identifier: RUN }];
  return runsOn.map((label) => ({ key: `${id}@${label}`, identifier: runOn(label) }));
}

interface NewJob extends Job {
  readonly task: JobTask;
  readonly delayMs: number;
}

/**
 * `clock_timestamp()`, not the default `now()`: that is the time at which the transaction began, and tasks of a group are
 * to be run in the order in which they took the group's lock.
 */
const ADD = `select 1 from graphile_worker.add_job(
  $1, json_build_object('task', $2::text), queue_name := $3, job_key := $4, max_attempts := ${MAX_ATTEMPTS},
  run_at := clock_timestamp() + $5 * interval '1 millisecond'
)`;

async function addJob(client: pg.ClientBase, { task, identifier, key, delayMs }: NewJob): Promise<void> {
  const values = [identifier, task.id, task.group === null ? null : queueOf(task.group), key, delayMs];
  await client.query({ name: "add-job", text: ADD, values });
}

function queueOf(group: string): string {
  if (group.length <= LONGEST_QUEUE && Buffer.byteLength(group) <= LONGEST_QUEUE) return group;
  return createHash("sha256").update(group).digest("hex");
}

/** A worker that has died would keep its jobs and queues for four hours. */
const UNLOCK_LOST = `
  with live as (
    select json_array_elements_text(pools::json) as pool from nodes where lease_until > $1
  )
  select graphile_worker.force_unlock_workers(array(
    select locked_by from (
      select locked_by, locked_at from graphile_worker._private_jobs
      union all select locked_by, locked_at from graphile_worker._private_job_queues
    ) as locks
    where locked_by is not null and locked_at < $2::timestamptz and locked_by not in (select pool from live)
  ))`;

/** The engine has no function for this: it frees all or nothing of a worker. */
const UNLOCK_UNKNOWN = `
  with jobs as (
    update graphile_worker._private_jobs set locked_at = null, locked_by = null
    where locked_by = any($1::text[]) and id <> all($2::bigint[]) and locked_at < $3::timestamptz
  )
  update graphile_worker._private_job_queues as queues set locked_at = null, locked_by = null
  where locked_by = any($1::text[]) and locked_at < $3::timestamptz and not exists (
    select 1 from graphile_worker._private_jobs where job_queue_id = queues.id and id = any($2::bigint[])
  )`;

/** Tasks that wait for nothing but a node, or whose node is lost, and that no job is there for. */
const FORGOTTEN_TASKS = `
  select id, group_name, runs_on from tasks
  where (
    (state = 'ENQUEUED' and held_until is null) or (
      state in ('RUNNING', 'CANCELLING')
      and not exists (select 1 from nodes where nodes.id = tasks.node and nodes.lease_until > $1)
    )
  ) and not exists (
    select 1 from graphile_worker.jobs
    where jobs.key = any(
      case when runs_on is null then array[tasks.id]
      else array(select tasks.id || '@' || json_array_elements_text(runs_on::json)) end
    )
  )
  order by seq limit $2`;

const forgottenTasks = z.array(
  z.object({ id: z.string(), group_name: z.string().nullable(), runs_on: z.string().nullable() }),
);
