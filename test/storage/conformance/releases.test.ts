import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { currentRelease, lastHealthy, type Release } from "../../../src/domain/release.ts";
import { at, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
beforeEach(async () => {
  opened = await openTestStore();
});
afterEach(() => opened.close());

const release = (change: Partial<Release>): Release => ({
  app: "web",
  node: "one",
  id: "r1",
  dir: "/srv/web",
  commit: null,
  taskId: "task",
  action: "deploy",
  step: 2,
  state: "preparing",
  createdAt: at(1),
  activatedAt: null,
  ...change,
});

describe("releases", () => {
  it("are listed newest first, by app and machine", async () => {
    const { store } = opened;
    const all = [
      release({ commit: "c".repeat(40) }),
      release({ node: "two" }),
      release({ app: "api" }),
      release({ id: "r2" }),
    ];
    for (const each of all) await store.putRelease(each);
    expect(await store.listReleases({})).toEqual(all.toReversed());
    expect(await store.listReleases({ app: "web" })).toHaveLength(3);
    expect(await store.listReleases({ app: "web", node: "two" })).toEqual([all[1]]);
  });

  it("change their state and time of use only", async () => {
    const { store } = opened;
    await store.putRelease(release({}));
    await store.putRelease(
      release({ state: "healthy", activatedAt: at(2), taskId: "other", dir: "/elsewhere" }),
    );
    expect(await store.listReleases({})).toEqual([release({ state: "healthy", activatedAt: at(2) })]);
  });
});

describe("which release", () => {
  const healthy = (id: string, second: number): Release =>
    release({ id, state: "healthy", activatedAt: at(second) });

  it("is in use: the one put in use last; a rollback goes to the one before", () => {
    const all = [
      release({ id: "r4", state: "failed" }),
      healthy("r3", 3),
      healthy("r2", 5),
      healthy("r1", 1),
    ];
    expect(currentRelease(all)?.id).toBe("r2");
    expect(lastHealthy(all)?.id).toBe("r3");
    expect(
      lastHealthy([healthy("r1", 1), release({ id: "r2", state: "withdrawn", activatedAt: at(0) })]),
    ).toBeNull();
    expect(currentRelease([])).toBeNull();
  });
});
