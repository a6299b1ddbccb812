import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createWorld, type World, type WorldOptions } from "../support/world.ts";

let world: World;
afterEach(() => world.close());

/** A working world; commands are short shell scripts, as a person would write them. */
async function working(settings: string, options: Omit<WorldOptions, "settings"> = {}): Promise<World> {
  world = await createWorld({ ...options, settings });
  world.work();
  return world;
}

const start = async (action: string, params: Record<string, string> = {}): Promise<string> =>
  (await world.app.startAction({ action, params, by: "test" })).id;

const read = (name: string): Promise<string> => readFile(join(world.dir, name), "utf8");

/** Waits for a command to have written its process id. */
async function pidIn(name: string): Promise<number> {
  return vi.waitFor(
    async () => {
      const pid = Number((await read(name)).trim());
      if (!(pid > 0)) throw new Error("not yet");
      return pid;
    },
    { timeout: 20_000 },
  );
}

/** False also for a process that ended and that nobody has collected yet. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

describe("a task", () => {
  it("runs its steps in order and ends COMPLETED", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - shell: echo one >> out
      - run: [sh, -c, "echo two >> out; echo said; echo wrong >&2"]
`);
    const id = await start("deploy");
    const task = await world.ended(id);
    expect(task).toMatchObject({ state: "COMPLETED", outcome: "succeeded", progress: 100, reason: null });
    expect(task.steps.map(({ state, exitCode }) => [state, exitCode])).toEqual([
      ["succeeded", 0],
      ["succeeded", 0],
    ]);
    expect(task.startedAt && task.endedAt && task.startedAt <= task.endedAt).toBe(true);
    expect(await read("out")).toBe("one\ntwo\n");
    expect(await world.lines(id)).toEqual(expect.arrayContaining(["said", "wrong"]));
  });

  it("gives commands their params as arguments and environment, and nothing of the server's own", async () => {
    process.env["HOOKWRIGHT_TEST_LEAK"] = "leaked";
    await working(`
actions:
  deploy:
    workdir: .
    params: { who: {} }
    env: { GREETING: "hello \${{ params.who }}" }
    steps:
      - run: [sh, -c, 'echo "$1" > argument; env > environment', "-", "\${{ params.who }}"]
`);
    const who = `it's; $(touch pwned) "you"`;
    await world.ended(await start("deploy", { who }));
    expect(await read("argument")).toBe(`${who}\n`);
    const environment = await read("environment");
    expect(environment).toContain(`GREETING=hello ${who}\n`);
    expect(environment).toContain(`HOOKWRIGHT_PARAM_WHO=${who}\n`);
    expect(environment).not.toContain("leaked");
    expect(existsSync(join(world.dir, "pwned"))).toBe(false);
  });

  it("undoes what was done, last first, when a step fails", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - { name: a, shell: echo do-a >> out, undo: { shell: echo undo-a >> out } }
      - { name: b, shell: echo do-b >> out, undo: { shell: echo undo-b >> out } }
      - { name: c, shell: "echo do-c >> out; exit 3", undo: { shell: echo undo-c >> out } }
      - { name: d, shell: echo do-d >> out }
`);
    const task = await world.ended(await start("deploy"));
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toMatch(/step c .*3/i);
    expect(await read("out")).toBe("do-a\ndo-b\ndo-c\nundo-b\nundo-a\n");
    expect(task.steps.filter(({ phase }) => phase === "undo").map(({ state }) => state)).toEqual([
      "succeeded",
      "succeeded",
    ]);
  });

  it("runs the other undos when one fails, and ends FAILED_CANCELLING", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - { shell: "true", undo: { shell: echo undo-a >> out } }
      - { shell: "true", undo: { shell: exit 1 } }
      - shell: exit 1
`);
    const task = await world.ended(await start("deploy"));
    expect(task).toMatchObject({ state: "FAILED_CANCELLING", outcome: "failed" });
    expect(await read("out")).toBe("undo-a\n");
  });

  it("goes on after a failed step that says so, and does not undo it", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - { shell: exit 1, continue_on_error: true, undo: { shell: echo undo >> out } }
      - shell: echo after >> out
`);
    const task = await world.ended(await start("deploy"));
    expect(task.state).toBe("COMPLETED");
    expect(task.steps.map(({ state }) => state)).toEqual(["failed", "succeeded"]);
    expect(await read("out")).toBe("after\n");
  });

  it("tries a step again as often as it says", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - { shell: "echo x >> tries; test $(wc -l < tries) -eq 3", retries: 2 }
      - { shell: "echo x >> more; false", retries: 1 }
`);
    const task = await world.ended(await start("deploy"));
    expect(task.outcome).toBe("failed");
    expect(await read("tries")).toBe("x\nx\nx\n");
    expect(await read("more")).toBe("x\nx\n");
  });

  it("takes the progress that a command reports and keeps it out of the log", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - shell: "echo '::progress 40::'; while ! test -e go; do sleep 0.02; done"
`);
    const id = await start("deploy");
    await vi.waitUntil(async () => (await world.app.getTask(id)).progress === 40, { timeout: 20_000 });
    await writeFile(join(world.dir, "go"), "");
    await world.ended(id);
    expect(await world.lines(id)).not.toContain("::progress 40::");
  });

  it("ends a step that takes too long, with everything it started", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    grace: 200ms
    steps:
      - shell: "trap '' TERM; (trap '' TERM; setsid sleep 1000 & echo $! > child.tmp; mv child.tmp child); sleep 1000"
        timeout: 500ms
`);
    const id = await start("deploy");
    const child = await pidIn("child");
    const task = await world.ended(id);
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toContain("took longer than 500ms");
    expect(await isAlive(child)).toBe(false);
  });

  it("ends a task that takes too long and undoes what was done", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    timeout: 700ms
    grace: 200ms
    steps:
      - { shell: echo do >> out, undo: { shell: echo undo >> out } }
      - shell: sleep 1000
`);
    const task = await world.ended(await start("deploy"));
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "timed_out" });
    expect(task.reason).toContain("700ms");
    expect(await read("out")).toBe("do\nundo\n");
  });

  it("masks secrets in output, outputs and reasons", async () => {
    await working(
      `
sources: { app: { kind: github, secrets: ["\${HOOK_SECRET}"] } }
actions:
  deploy:
    workdir: .
    params: { text: {} }
    steps:
      - { name: show, run: { argv: [printf, "%s", "\${{ params.text }}"], output: value } }
      - run: ["/nowhere/\${{ params.text }}"]
`,
      { env: { HOOK_SECRET: "correct-horse-battery" } },
    );
    const id = await start("deploy", { text: "correct-horse-battery" });
    const task = await world.ended(id);
    expect(JSON.stringify(task.steps)).not.toContain("correct-horse");
    expect(task.reason).not.toContain("correct-horse");
    const lines = await world.lines(id);
    expect(lines.join("\n")).not.toContain("correct-horse");
    expect(lines.join("\n")).toContain("***");
  });

  it("keeps only so much output, and says so", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    max_log: 10KB
    steps: [{ shell: "yes 0123456789 | head -n 5000; echo last" }]
`);
    const id = await start("deploy");
    await world.ended(id);
    const lines = await world.lines(id);
    expect(lines.filter((line) => line.startsWith("0123")).length).toBeLessThan(1_100);
    expect(lines.join("\n")).toMatch(/longer than .*max_log/);
    expect(lines).not.toContain("last");
  });

  it("gives later steps and undos what earlier steps put out", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps:
      - name: first
        run: { argv: [echo, v1], output: version }
        undo: { run: [sh, -c, 'echo "back to $0" > undone', "\${{ steps.first.outputs.version }}"] }
      - run: [sh, -c, 'echo "$0" > seen; exit 1', "\${{ steps.first.outputs.version }}"]
`);
    await world.ended(await start("deploy"));
    expect(await read("seen")).toBe("v1\n");
    expect(await read("undone")).toBe("back to v1\n");
  });

  it("says what was wrong with an expression", async () => {
    await working(`
actions:
  deploy:
    workdir: .
    steps: [{ run: [echo, "\${{ event.commit.sha }}"] }]
`);
    const task = await world.ended(await start("deploy"));
    expect(task.outcome).toBe("failed");
    expect(task.reason).toMatch(/commit/);
  });
});

describe("cancelling", () => {
  const SLEEPER = `
actions:
  deploy:
    workdir: .
    grace: 300ms
    steps:
      - { shell: echo do >> out, undo: { shell: echo undo >> out } }
      - shell: |
          trap '' TERM
          setsid sh -c 'trap "" TERM; echo $$ > child.tmp; mv child.tmp child; while :; do sleep 1; done' &
          while :; do sleep 1; done
  next: { workdir: ., concurrency: { group: deploy }, steps: [{ shell: echo next >> out }] }
`;

  it("ends every process, also those that left the group and ignore SIGTERM, then runs the undos", async () => {
    await working(SLEEPER);
    const id = await start("deploy");
    const child = await pidIn("child");
    const stopped = await world.app.cancelTask({ id, by: "token:ops" });
    expect(stopped).toMatchObject({ state: "CANCELLING", outcome: "cancelled" });
    const task = await world.ended(id);
    expect(task).toMatchObject({
      state: "CANCELLED",
      outcome: "cancelled",
      reason: "Cancelled by token:ops",
    });
    expect(await isAlive(child)).toBe(false);
    expect(await read("out")).toBe("do\nundo\n");
    expect((await world.lines(id)).join("\n")).toContain("Cancelled by token:ops");
  });

  it("keeps the group until the undos are done", async () => {
    await working(SLEEPER);
    const [first, second] = [await start("deploy"), await start("next")];
    await pidIn("child");
    expect(await world.app.getTask(second)).toMatchObject({ state: "ENQUEUED", position: 1 });
    await world.app.cancelTask({ id: first, by: "me" });
    await world.ended(second);
    expect(await read("out")).toBe("do\nundo\nnext\n");
  });

  it("ends a waiting task at once, and only once", async () => {
    await working(SLEEPER);
    const [first, second] = [await start("deploy"), await start("next")];
    await pidIn("child");
    expect(await world.app.cancelTask({ id: second, by: "me" })).toMatchObject({ state: "CANCELLED" });
    await expect(world.app.cancelTask({ id: second, by: "me" })).rejects.toMatchObject({
      code: "task:not_cancellable",
    });
    await expect(world.app.cancelTask({ id: "nothing", by: "me" })).rejects.toMatchObject({
      code: "task:not_found",
    });
    await world.app.cancelTask({ id: first, by: "me" });
    await world.ended(first);
    expect(await read("out")).toBe("do\nundo\n");
  });
});

describe("concurrency", () => {
  const policy = (name: string): string => `
actions:
  deploy:
    workdir: .
    grace: 200ms
    concurrency: { group: g, policy: ${name} }
    params: { n: {} }
    steps: [{ shell: 'echo "start $HOOKWRIGHT_PARAM_N" >> out; while ! test -e go; do sleep 0.02; done; echo "end $HOOKWRIGHT_PARAM_N" >> out' }]
`;
  const begun = (n: number): Promise<unknown> =>
    vi.waitUntil(async () => (await read("out").catch(() => "")).includes(`start ${n}`), { timeout: 20_000 });

  const go = async (): Promise<void> => {
    await writeFile(join(world.dir, "go"), "");
  };

  it("queues by default: one after the other, oldest first", async () => {
    await working(policy("queue"));
    const ids = [
      await start("deploy", { n: "1" }),
      await start("deploy", { n: "2" }),
      await start("deploy", { n: "3" }),
    ];
    await begun(1);
    expect((await world.app.getTask(ids[2] ?? "")).position).toBe(2);
    await go();
    for (const id of ids) await world.ended(id);
    expect(await read("out")).toBe("start 1\nend 1\nstart 2\nend 2\nstart 3\nend 3\n");
  });

  it("supersedes: the running one is ended, then the new one runs", async () => {
    await working(policy("supersede"));
    const first = await start("deploy", { n: "1" });
    await begun(1);
    const second = await start("deploy", { n: "2" });
    expect(await world.ended(first)).toMatchObject({ state: "CANCELLED", outcome: "superseded" });
    expect((await world.app.getTask(first)).reason).toContain(second);
    await begun(2);
    await go();
    expect(await world.ended(second)).toMatchObject({ outcome: "succeeded" });
    expect(await read("out")).toBe("start 1\nstart 2\nend 2\n");
  });

  it("rejects: the second ends at once and says why", async () => {
    await working(policy("reject"));
    const first = await start("deploy", { n: "1" });
    await begun(1);
    await expect(start("deploy", { n: "2" })).rejects.toMatchObject({ code: "task:rejected" });
    const page = await world.app.listTasks({ limit: 10, outcome: "rejected" });
    expect(page.items).toHaveLength(1);
    await go();
    await world.ended(first);
  });
});

describe("a store that fails", () => {
  it("does not lose the end of a task", async () => {
    let failures = 0;
    await working(`{ actions: { deploy: { workdir: ., steps: [{ shell: "true" }] } } }`, {
      store: (store) => ({
        ...store,
        transition: async (input) => {
          if (input.signal.type === "complete" && failures < 3) {
            failures += 1;
            throw new AppError("store:unavailable");
          }
          return store.transition(input);
        },
      }),
    });
    expect(await world.ended(await start("deploy"))).toMatchObject({ outcome: "succeeded" });
    expect(failures).toBe(3);
  });

  it("does not undo what was completed when only the answer got lost", async () => {
    let lost = 0;
    await working(
      `{ actions: { deploy: { workdir: ., steps: [{ shell: "true", undo: { shell: "echo undo >> out" } }] } } }`,
      {
        store: (store) => ({
          ...store,
          transition: async (input) => {
            const task = await store.transition(input);
            if (input.signal.type !== "complete" || lost > 0) return task;
            lost += 1;
            throw new AppError("store:unavailable");
          },
        }),
      },
    );
    const task = await world.ended(await start("deploy"));
    expect(lost).toBe(1);
    await vi.waitUntil(() => world.queue.running === 0);
    expect(await world.app.getTask(task.id)).toMatchObject({ state: "COMPLETED", progress: 100 });
    expect(existsSync(join(world.dir, "out"))).toBe(false);
  });

  it("keeps the end of a step on record, not its start that came late", async () => {
    let failures = 0;
    await working(`{ actions: { deploy: { workdir: ., steps: [{ shell: "true" }] } } }`, {
      store: (store) => ({
        ...store,
        putStep: async (input) => {
          if (input.step.state !== "running" || failures > 0) return store.putStep(input);
          failures += 1;
          throw new AppError("store:unavailable");
        },
      }),
    });
    const task = await world.ended(await start("deploy"));
    expect(failures).toBe(1);
    await vi.waitUntil(() => world.queue.running === 0);
    expect((await world.app.getTask(task.id)).steps.map(({ state }) => state)).toEqual(["succeeded"]);
  });

  it("does not let a task run on beyond its time", async () => {
    let away = true;
    await working(
      `
actions:
  deploy:
    workdir: .
    timeout: 300ms
    grace: 100ms
    steps:
      - { shell: "true", undo: { shell: echo undo >> out } }
      - shell: echo $$ > pid.tmp; mv pid.tmp pid; sleep 1000
`,
      {
        store: (store) => ({
          ...store,
          transition: (input) =>
            away && input.signal.type === "stop"
              ? Promise.reject(new AppError("store:unavailable"))
              : store.transition(input),
        }),
      },
    );
    const id = await start("deploy");
    const pid = await pidIn("pid");
    await vi.waitUntil(async () => !(await isAlive(pid)), { timeout: 10_000 });
    expect(await world.app.getTask(id)).toMatchObject({ state: "RUNNING" });
    away = false;
    expect(await world.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "timed_out" });
    expect(await read("out")).toBe("undo\n");
  });
});
