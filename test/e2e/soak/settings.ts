/** In the environment of every command, with the folder as its value: what is left running is found by it. */
export const MARK = "SOAK_TEST";

const SECRET = "soak-test-secret-0123456789";
const KEY = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface SourceGiven {
  readonly secret: string;
  /** Keys of the kind's own. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Who sends, by kind, which is the source's name too. GitLab signs as its newer versions do. */
export const SOURCES = {
  github: { secret: SECRET, options: {} },
  gitlab: { secret: KEY, options: {} },
  gitea: { secret: SECRET, options: {} },
  gogs: { secret: SECRET, options: {} },
  bitbucket: { secret: SECRET, options: {} },
  generic: {
    secret: SECRET,
    options: { id_header: "x-id", event_header: "x-event", fields: { branch: "payload.branch" } },
  },
  "standard-webhooks": { secret: KEY, options: { fields: { branch: "payload.data.branch" } } },
  jobserv: { secret: SECRET, options: {} },
} as const satisfies Readonly<Record<string, SourceGiven>>;
export type SourceName = keyof typeof SOURCES;

/** JobServ's builds have no branch: they are stored, and start nothing here. */
const STARTING = Object.keys(SOURCES).filter((name) => name !== "jobserv");

/** One line for one thing done, short enough to be written whole. */
const note = (file: string): string => `echo "$HOOKWRIGHT_TASK_ID" >> ${file}`;
const LINES = 20;
const LONG = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "line $i"; echo "::progress $((i*5))::"; sleep 0.4; done; ${note("ran")}`;

/** What a long task that was run once and succeeded has printed. */
export const LONG_TEXTS: readonly string[] = Array.from({ length: LINES }, (_, index) => `line ${index + 1}`);

interface ActionGiven {
  readonly rest?: Readonly<Record<string, unknown>>;
  readonly steps: readonly unknown[];
}

/**
 * A push to the branch of that name starts it. `once`: tasks that may not be run a second time, one line for each time they were.
 * `ran`: those whose command got to its end. `undone`: those that were undone.
 */
const ACTIONS = {
  quick: { steps: [{ shell: `${note("once")}; ${note("ran")}` }] },
  again: { rest: { on_crash: "retry" }, steps: [{ shell: note("ran") }] },
  fail: { steps: [{ shell: note("once"), undo: { shell: note("undone") } }, { shell: "exit 3" }] },
  flaky: {
    steps: [
      {
        shell: `mkdir "flaky.$HOOKWRIGHT_TASK_ID" 2>/dev/null && exit 1; rmdir "flaky.$HOOKWRIGHT_TASK_ID"; ${note("once")}; ${note("ran")}`,
        retries: 2,
      },
    ],
  },
  cancel: {
    steps: [{ shell: note("once"), undo: { shell: note("undone") } }, { shell: `sleep 30; ${note("ran")}` }],
  },
  long: { steps: [{ shell: `${note("once")}; ${LONG}` }] },
  "long-again": { rest: { on_crash: "retry" }, steps: [{ shell: LONG }] },
} as const satisfies Readonly<Record<string, ActionGiven>>;
export type ActionName = keyof typeof ACTIONS;

/** Of those deliveries that start a task, so many start which. */
export const WEIGHTS = { quick: 78, again: 10, fail: 5, flaky: 5, cancel: 2 } as const satisfies Partial<
  Record<ActionName, number>
>;

export interface EndpointUrls {
  readonly healthy: string;
  readonly dead: string;
}
export const ENDPOINT_SECRET = KEY;

/** How long a delivery and what it started is kept: the run is longer, so the store has to forget. */
const KEPT = "5m";

/** JSON is YAML. */
export function soakSettings(dir: string, { healthy, dead }: EndpointUrls): string {
  const sources = Object.entries<SourceGiven>(SOURCES).map(
    ([kind, { secret, options }]) => [kind, { kind, secrets: [secret], ...options }] as const,
  );
  const actions = Object.entries<ActionGiven>(ACTIONS).map(([name, { rest = {}, steps }]) => {
    const on = STARTING.map((source) => ({ source, branch: name }));
    const common = { workdir: ".", grace: "200ms", concurrency: { policy: "parallel" } };
    return [name, { on, ...common, env: { [MARK]: dir }, ...rest, steps }] as const;
  });
  const told = { kind: "standard-webhooks", secrets: [ENDPOINT_SECRET], timeout: "2s" };
  const settings = {
    store: "sqlite:./data/hookwright.db",
    work: { concurrency: 8 },
    server: { replay_window: KEPT },
    retention: { bodies: "2m", deliveries: KEPT, logs: KEPT, tasks: KEPT, max_size: "1GB" },
    outbound: { allow: ["127.0.0.0/8"] },
    sources: Object.fromEntries(sources),
    actions: Object.fromEntries(actions),
    notify: {
      healthy: { ...told, url: healthy, retry_schedule: ["0s", "1s", "1s", "2s", "5s", "10s", "30s", "1m"] },
      dead: { ...told, url: dead, only_failures: true },
    },
  };
  return JSON.stringify(settings, null, 2);
}
