import { mkdir } from "node:fs/promises";
import { AppError } from "../../domain/errors.ts";
import { currentRelease, lastHealthy, type Release } from "../../domain/release.ts";
import { isReleaseId, readCurrent, releaseId, removeRelease } from "../../lib/releases/folders.ts";
import type { StepContext, StepResult } from "../step.ts";
import { commitOf, makeRelease } from "./make.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./options.ts";
import { pruneReleases, removeLeftovers } from "./prune.ts";
import { createProcessRuntime } from "./process-runtime.ts";
import { createCommandRuntime, type Runtime, type RuntimeInput } from "./runtime.ts";
import { messageOf } from "../../lib/message-of.ts";

export interface DeployInput {
  readonly options: ReleaseOptions;
  /** The app's folder. */
  readonly dir: string;
  readonly context: StepContext;
}

export const createRuntime = (input: RuntimeInput): Runtime =>
  input.options.runtime === "process" ? createProcessRuntime(input) : createCommandRuntime(input);

/** A new release, made and put in use; the one before is back in use when that fails. Outputs: `release`, `previous`, `folder`. */
export async function deploy({ options, dir, context }: DeployInput): Promise<StepResult> {
  const { releases: book, now } = context;
  await mkdir(dir, { recursive: true });
  await removeLeftovers({ releases: await book.list(options.app), dir }, context);
  const known = await book.list(options.app);
  const previous = await previousOf(dir, known);
  const entry = await asFault("deploy:nodejitsu:upload_tarball", openEntry({ options, dir, context }, known));
  let folder: string;
  try {
    folder = await asFault(
      "deploy:nodejitsu:upload_tarball",
      makeRelease({ options, dir, id: entry.id, context }),
    );
    const runtime = createRuntime({ options, dir });
    await asFault("deploy:nodejitsu:start_app", putInUse({ runtime, id: entry.id, previous, context }));
  } catch (error) {
    await removeRelease(dir, entry.id);
    await book.put({ ...entry, state: "failed" });
    throw error;
  }
  await book.put({ ...entry, state: "healthy", activatedAt: now().toISOString() });
  await pruneReleases({ releases: known, dir, keep: options.keep, current: entry.id }, context);
  return { exitCode: 0, outputs: { release: entry.id, previous: previous ?? "", folder } };
}

/** What the deploy API calls it when this fails; the step's output `error`. */
async function asFault<T>(error: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    throw new AppError(thrown.code, thrown.message, { details: { ...thrown.details, error }, cause: thrown });
  }
}

const TAIL = 6;

/** On record before anything is on disk, so that whatever is left can be found. */
async function openEntry(
  { options, dir, context }: DeployInput,
  known: readonly Release[],
): Promise<Omit<Release, "node" | "taskId" | "action" | "step">> {
  const at = context.now();
  const taken = new Set(known.map(({ id }) => id));
  const base = releaseId(at, context.taskId.slice(-TAIL));
  let id = base;
  for (let tries = 2; taken.has(id); tries += 1) id = `${base}.${tries}`;
  const commit = await commitOf(options, context);
  const entry = {
    app: options.app,
    id,
    dir,
    commit,
    state: "preparing",
    createdAt: at.toISOString(),
    activatedAt: null,
  } as const;
  await context.releases.put(entry);
  context.log(`Release ${id} of ${options.app}${commit === null ? "" : ` at ${commit.slice(0, 12)}`}`);
  return entry;
}

/** What to go back to: what `current` leads to, unless that was never well. */
async function previousOf(dir: string, known: readonly Release[]): Promise<string | null> {
  const id = await readCurrent(dir).catch((error: unknown) => {
    throw failure(messageOf(error), error);
  });
  const record = known.find((release) => release.id === id);
  return record?.state === "failed" ? (currentRelease(known)?.id ?? null) : id;
}

interface UseInput {
  readonly runtime: Runtime;
  readonly id: string;
  readonly previous: string | null;
  readonly context: StepContext;
}

async function putInUse({ runtime, id, previous, context }: UseInput): Promise<void> {
  try {
    await runtime.use(id, context);
  } catch (error) {
    const reason = messageOf(error);
    context.log(`${id} is not well: ${reason}`);
    const after = context.afterStop();
    try {
      await runtime.putBack(previous, after);
    } catch (fault) {
      const also = fault instanceof Error ? fault.message : String(fault);
      throw failure(`${reason}; and going back to ${previous ?? "no release"} failed, too: ${also}`, error);
    }
    if (previous !== null) context.log(`Back at the release ${previous}`);
    throw error;
  }
}

/** Puts an older release in use again; `wanted` null: the last one that was healthy. */
export async function goBack(
  { options, dir, context }: DeployInput,
  wanted: string | null,
): Promise<StepResult> {
  const { releases: book, now, log } = context;
  const known = await book.list(options.app);
  const target = findTarget(options.app, known, wanted);
  const previous = await previousOf(dir, known);
  if (previous === target.id) throw failure(`${options.app} is at the release ${target.id} already`);
  log(`Going back from ${previous ?? "no release"} to ${target.id}`);
  await putInUse({ runtime: createRuntime({ options, dir }), id: target.id, previous, context });
  const left = known.find(({ id }) => id === previous);
  if (left !== undefined) await book.put({ ...left, state: "withdrawn" });
  await book.put({ ...target, state: "healthy", activatedAt: now().toISOString() });
  return { exitCode: 0, outputs: { release: target.id, previous: previous ?? "" } };
}

function findTarget(app: string, known: readonly Release[], wanted: string | null): Release {
  if (wanted === null) {
    const last = lastHealthy(known);
    if (last === null) throw failure(`${app} has no earlier healthy release here`);
    return last;
  }
  const found = isReleaseId(wanted) ? known.find(({ id }) => id === wanted) : undefined;
  if (found === undefined) throw failure(`${app} has no release ${wanted} here`);
  if (found.state === "healthy" || found.state === "withdrawn") return found;
  throw failure(`The release ${wanted} can't be used: it is ${found.state}`);
}
