export const SECRET = "crash-test-secret-0123456789";

/** In the environment of every command, with the folder as its value: what is left running is found by it. */
export const MARK = "CRASH_TEST";

/** How often each action is asked for; a push to the branch of that name starts it. */
export const WEIGHTS = { quick: 60, undo: 10, daemon: 5, retry: 12, group: 8, supersede: 8 } as const;
export type ActionName = keyof typeof WEIGHTS;

/** Actions that run one at a time, each with a lock of its own. */
export const ALONE = ["group", "supersede"] as const satisfies readonly ActionName[];

/** One line per thing done, `WHAT TASK`; short enough to be written whole. */
const note = (what: string): string => `echo "${what} $HOOKWRIGHT_TASK_ID" >> ran`;

/** The lock is the system's and dies with its holders: who does not get it runs beside another command of the group. */
const alone = (name: (typeof ALONE)[number], work: string): string =>
  [
    `exec 9>> ${name}.lock`,
    `flock -n 9 || ${note("overlap")}`,
    `echo "start $HOOKWRIGHT_TASK_ID" >> ${name}.stamps`,
    work,
    `echo "end $HOOKWRIGHT_TASK_ID" >> ${name}.stamps`,
  ].join("\n");

/** JSON is YAML, and spares the indentation. */
const shell = (script: string): string => `shell: ${JSON.stringify(script)}`;

const undoable = (name: string, work = note(`do-${name}`), undo = note(`undo-${name}`)): string =>
  `{ name: ${name}, ${shell(work)}, undo: { ${shell(undo)} } }`;

const step = (...commands: readonly string[]): string => `{ ${shell(commands.join("\n"))} }`;

/** Leaves its process group and ignores SIGTERM. */
const DAEMON = `setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' > daemon.out 2>&1 &`;

const STEPS: Readonly<Record<ActionName, { readonly rest: string; readonly steps: readonly string[] }>> = {
  quick: { rest: "concurrency: { policy: parallel }", steps: [step(note("ran"))] },
  undo: {
    rest: "concurrency: { policy: parallel }",
    steps: [undoable("a"), undoable("b"), step("sleep 0.3", note("ran"))],
  },
  daemon: {
    rest: "concurrency: { policy: parallel }",
    // Its output breaks off with the server, and it with its output: only the next server can end the daemon then.
    steps: [
      undoable("a"),
      step(DAEMON, "for i in 1 2 3 4 5 6 7; do echo tick; sleep 0.1; done", "kill -9 $!", note("ran")),
    ],
  },
  retry: {
    rest: "on_crash: retry, concurrency: { policy: parallel }",
    steps: [undoable("a"), step("sleep 0.2", note("ran"))],
  },
  group: {
    rest: "concurrency: { group: g }",
    steps: [
      undoable("a", alone("group", `sleep 0.02; ${note("do-a")}`), alone("group", note("undo-a"))),
      step(note("ran")),
    ],
  },
  supersede: {
    rest: "concurrency: { group: s, policy: supersede }",
    steps: [
      // Longer than a server takes to start: only the next server can keep it from running beside its successor.
      undoable("a", alone("supersede", `sleep 1; ${note("do-a")}`), alone("supersede", note("undo-a"))),
      step("sleep 0.2", note("ran")),
    ],
  },
};

/** Everything that a task can be at when its server dies. */
export function crashSettings(dir: string): string {
  const actions = Object.entries(STEPS).map(
    ([name, { rest, steps }]) => `
  ${name}: {
    on: [{ source: app, event: push, branch: ${name} }], workdir: ., grace: 150ms, env: { ${MARK}: "${dir}" }, ${rest},
    steps: [${steps.join(", ")}] }`,
  );
  return `
store: sqlite:./data/hookwright.db
work: { concurrency: 8 }
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions: ${actions.join("")}
`;
}
