import { createSign } from "node:crypto";
import { z } from "zod";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  travisPayload,
} from "../../support/deploy-world.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld();
});
afterEach(() => world.close());

async function json(response: Response): Promise<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(await response.json());
}

describe("the hold for Travis CI", () => {
  const TRAVIS_YML =
    "notifications:\n  webhooks:\n    urls: [https://webhooks.example.com/1/deploy]\n    on_failure: never\n";
  const sign = (payload: string): string =>
    createSign("sha1").update(payload).sign(world.travis.privateKey, "base64");
  /** As Travis sends it: a signed form without credentials. */
  const fromTravis = (payload: unknown): Promise<Response> => {
    const text = JSON.stringify(payload);
    return world.deploy(text, { form: true, headers: { signature: sign(text) } });
  };
  const held = async (sha: string): Promise<string> => {
    const answer = await json(await world.deploy(githubPayload(sha)));
    const [task] = z.array(z.object({ id: z.string() })).parse(answer["tasks"]);
    const id = task?.id ?? "";
    await vi.waitFor(async () => expect((await world.server.client.getTask(id)).hold?.type).toBe("travis"), {
      timeout: 20_000,
    });
    return id;
  };

  it("lets the push wait until Travis says that it passed, by the credentials of the push", async () => {
    const sha = await world.repository.commit({ ".travis.yml": TRAVIS_YML });
    const id = await held(sha);
    const response = await fromTravis(travisPayload(sha));
    expect(await json(response)).toMatchObject({ ok: true, provider: "travis", tasks: [{ id }] });
    expect(await world.server.ended(id)).toMatchObject({ outcome: "succeeded" });
    expect((await world.server.client.listTasks({})).items).toHaveLength(1);
    const { items } = await world.server.client.listAudit({ target: `task:${id}` });
    expect(items).toMatchObject([
      { actor: "source:deploy", action: "task.approve", way: "nodejitsu", details: { travis: "Passed" } },
      { actor: "user:dscape", action: "deploy", way: "nodejitsu" },
    ]);
  });

  it("ends the push where the tests failed", async () => {
    const sha = await world.repository.commit({ ".travis.yml": TRAVIS_YML });
    const id = await held(sha);
    await fromTravis(travisPayload(sha, { status: 1, status_message: "Broken" }));
    const task = await world.server.ended(id);
    expect(task.outcome).toBe("rejected");
    expect(task.reason).toBe("The tests did not pass: Travis CI says Broken");
  });

  it("goes on waiting while the build goes on, and whatever is said of a pull request", async () => {
    const sha = await world.repository.commit({ ".travis.yml": TRAVIS_YML });
    const id = await held(sha);
    const silent = [
      { status: null, status_message: "Pending" },
      { type: "pull_request", status: 1, status_message: "Failed" },
      { type: "pull_request" },
    ];
    for (const change of silent) {
      const response = await fromTravis(travisPayload(sha, change));
      expect(await json(response)).toMatchObject({ ok: true, status: "pending", tasks: [{ id }] });
      expect(await world.server.client.getTask(id)).toMatchObject({
        state: "ENQUEUED",
        hold: { type: "travis" },
      });
    }
    await fromTravis(travisPayload(sha));
    expect(await world.server.ended(id)).toMatchObject({ outcome: "succeeded" });
  });

  it("does not wait where the file names another server, or is none", async () => {
    for (const text of ["notifications:\n  webhooks: https://other.example.com/1/deploy\n", "{{"]) {
      const sha = await world.repository.commit({ ".travis.yml": text });
      expect(
        await json(await world.deploy(githubPayload(sha), { path: "/1/deploy?wait=60s" })),
      ).toMatchObject({ status: "ok" });
    }
  });

  it("takes no report that Travis has not signed, nor one that nobody waits for", async () => {
    const sha = await world.repository.commit({ ".travis.yml": TRAVIS_YML });
    const id = await held(sha);
    const forged = await world.deploy(travisPayload(sha), { form: true, headers: { signature: "AAAA" } });
    expect(forged.status).toBe(401);
    expect((await fromTravis(travisPayload("a".repeat(40)))).status).toBe(401);
    expect((await world.server.client.getTask(id)).state).toBe("ENQUEUED");
  });
});
