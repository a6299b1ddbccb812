import type { DeployEntry } from "../domain/deploy.ts";
import type { HookEvent } from "../domain/event.ts";
import type { Hold } from "../domain/hold.ts";
import type { Task } from "../domain/task.ts";
import { encodePath } from "../lib/encode-path.ts";
import { callRest, RestError } from "../lib/rest-api.ts";
import { reportsTo } from "../lib/travis-yml.ts";
import { DEPLOY_SOURCE } from "../sources/registry.ts";
import type { AfterHold } from "../storage/store.ts";
import { githubToken } from "./github-access.ts";
import { afterQuiet, settleHold } from "./holds.ts";
import type { Services } from "./services.ts";

/** How long Travis CI may take. */
const TESTS_MS = 24 * 60 * 60 * 1_000;
/** GitHub is asked again for so long; then nobody can say whether the tests would have passed. */
const ASK_MS = 15 * 60 * 1_000;
const ASK_AGAIN_MS = 5_000;
const ANSWER_MS = 20_000;

/** Of a task that a push has just started: whether its repository has Travis CI test it first is looked at at once. */
export const travisCheck = (createdAt: string): Hold => ({
  type: "travis_check",
  until: createdAt,
  reason: "Looks whether Travis CI tests the commit first",
});

/** What comes after such a hold. The credentials are those of the push. */
export async function afterTravisCheck(services: Services, task: Task): Promise<AfterHold> {
  const { now, settings, logger } = services;
  const commit = await commitOf(services, task);
  if (commit === null) return afterQuiet(services, task);
  try {
    const text = await travisYml(services, commit, task.id);
    const { publicUrl, host, port } = settings.current().server;
    const own = publicUrl === null ? `${host}:${port}` : new URL(publicUrl).host;
    if (text === null || !reportsTo(text, own)) return await afterQuiet(services, task);
    const until = new Date(now().getTime() + TESTS_MS).toISOString();
    return {
      type: "hold",
      hold: { type: "travis", until, reason: `Waits for Travis CI to pass, until ${until}` },
    };
  } catch (error) {
    logger.warn({ err: error, task: task.id }, "GitHub could not be asked for a .travis.yml");
    if (now().getTime() - Date.parse(task.createdAt) > ASK_MS) {
      return { type: "reject", reason: "GitHub could not be asked whether Travis CI tests the commit first" };
    }
    const until = new Date(now().getTime() + ASK_AGAIN_MS).toISOString();
    return { type: "hold", hold: { ...travisCheck(until), until } };
  }
}

export const travisSilent: AfterHold = { type: "reject", reason: "Travis CI did not report within 24h" };

interface Commit {
  readonly user: string;
  readonly repository: string;
  readonly sha: string;
}

async function entryOf({ store }: Services, { deliveryId }: Task): Promise<DeployEntry | null> {
  if (deliveryId === null) return null;
  const [entry] = await store.listDeployEntries({ deliveryId, order: "asc", limit: 1 });
  return entry ?? null;
}

async function commitOf(services: Services, task: Task): Promise<Commit | null> {
  const entry = await entryOf(services, task);
  if (entry === null) return null;
  const end = entry.commit.lastIndexOf("/");
  return { user: entry.user, repository: entry.commit.slice(0, end), sha: entry.commit.slice(end + 1) };
}

/** The file as it is in that commit; null when there is none. */
async function travisYml(
  services: Services,
  { user, repository, sha }: Commit,
  task: string,
): Promise<string | null> {
  const { fetch, logger, settings, pairings } = services;
  const { github } = settings.current();
  const signal = AbortSignal.timeout(ANSWER_MS);
  const log = (text: string): void => logger.debug({ task }, text);
  const own = await pairings.repositoryToken(user);
  const token = own ?? (await githubToken(services, github, repository, { signal, log }));
  const path = encodePath(repository);
  const url = `${github.apiUrl}/repos/${path}/contents/.travis.yml?ref=${encodeURIComponent(sha)}`;
  const headers = {
    accept: "application/vnd.github.raw+json",
    "user-agent": "hookwright",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  try {
    const call = { service: "GitHub", method: "GET", url, headers } as const;
    const response = await callRest(call, { fetch, signal, log });
    return await response.text();
  } catch (error) {
    if (error instanceof RestError && error.status === 404) return null;
    throw error;
  }
}

/** Tasks that wait for the tests of a commit (or have yet to find out whether they do). */
export async function tasksWaitingFor(services: Services, commit: string): Promise<readonly Task[]> {
  const { store } = services;
  const held = [...(await store.heldTasks("travis")), ...(await store.heldTasks("travis_check"))];
  const entries = await Promise.all(held.map((task) => entryOf(services, task)));
  return held.filter((_task, index) => entries[index]?.commit.toLowerCase() === commit.toLowerCase());
}

const GOES_ON = new Set(["pending", "created", "queued", "received", "started"]);

/** Whether a build has its commit's tests pass; null: it says nothing of that, as it goes on still, or is of a pull request. */
export function testsPassed({ name, branch, tag, status }: HookEvent): boolean | null {
  if (name === "push" || name === "tag") return true;
  const ofPullRequest = branch === null && tag === null;
  return ofPullRequest || GOES_ON.has(status?.toLowerCase() ?? "") ? null : false;
}

/** Travis CI has reported. */
export async function settleTests(
  services: Services,
  task: Task,
  result: { readonly passed: boolean; readonly status: string; readonly address: string | null },
): Promise<void> {
  const { id, hold } = task;
  if (hold === null) return;
  const { passed, status, address } = result;
  const after: AfterHold = passed
    ? await afterQuiet(services, task)
    : { type: "reject", reason: `The tests did not pass: Travis CI says ${status}` };
  const audit = {
    asker: { by: `source:${DEPLOY_SOURCE}`, place: { way: "nodejitsu", address } },
    action: passed ? "task.approve" : "task.refuse",
    target: `task:${id}`,
    details: { travis: status },
  } as const;
  await settleHold(services, { id, hold, after, note: `Travis CI says ${status}` }, audit);
}
