import { describe, expect, it } from "vitest";
import { createRunningTasks, TaskStopped } from "../../src/usecases/running-tasks.ts";

const causeOf = (signal: AbortSignal): unknown =>
  signal.reason instanceof TaskStopped ? signal.reason.stopCause : null;

describe("running tasks", () => {
  it("stops a run, and no other", () => {
    const running = createRunningTasks();
    const [one, other] = [running.register("one"), running.register("other")];
    running.stop("one", "Cancelled by me");
    expect(causeOf(one)).toBe("stopped");
    expect(one.reason).toMatchObject({ message: "Cancelled by me" });
    expect(other.aborted).toBe(false);
  });

  it("keeps a stop that came before the run, for that run only", () => {
    const running = createRunningTasks();
    running.stop("one", "Cancelled by me");
    const first = running.register("one");
    expect(causeOf(first)).toBe("stopped");
    running.unregister("one", first);
    expect(running.register("one").aborted).toBe(false);
  });

  it("stops all runs at shutdown, and those that begin after it", () => {
    const running = createRunningTasks();
    const before = running.register("before");
    running.shutDown();
    expect(causeOf(before)).toBe("shutdown");
    expect(causeOf(running.register("after"))).toBe("shutdown");
  });

  it("leaves the next run of a task alone when the last one is taken off late", () => {
    const running = createRunningTasks();
    const first = running.register("one");
    const second = running.register("one");
    running.unregister("one", first);
    running.stop("one", "Cancelled by me");
    expect(causeOf(second)).toBe("stopped");
    expect(running.ids()).toEqual(["one"]);
  });

  it("does not grow with stops of tasks that never run here", () => {
    const running = createRunningTasks();
    for (let i = 0; i < 1_001; i += 1) running.stop(`task ${i}`, "Cancelled by me");
    expect(running.register("task 0").aborted).toBe(false);
    expect(running.register("task 1000").aborted).toBe(true);
  });
});
