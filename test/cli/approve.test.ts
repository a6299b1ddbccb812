import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { taskSchema } from "../../src/client/schemas.ts";
import { createPlace, type Place } from "../support/cli.ts";

const SETTINGS = `
server: { listen: 127.0.0.1:0 }
actions:
  deploy:
    approve: { expires: 1h }
    workdir: .
    steps: [{ run: [echo, deployed] }]
`;

let place: Place;
beforeAll(async () => {
  place = await createPlace(SETTINGS);
  await place.serve();
});
afterAll(() => place.close());

const trigger = async (): Promise<string> => {
  const { stdout } = await place.run(["trigger", "deploy"]);
  expect(stdout).toMatch(/^\S+: Waits for approval, until \S+; approve it with: hookwright approve \S+$/);
  return stdout.split(":")[0] ?? "";
};

describe("approve", () => {
  it("lets a waiting task start, and follows it", async () => {
    const id = await trigger();
    const { stdout } = await place.run(["tasks"]);
    expect(stdout).toMatch(new RegExp(`${id} +deploy +ENQUEUED .*Waits for approval`));
    const approved = await place.run(["approve", id, "--comment", "looks good", "--follow"]);
    expect(approved).toMatchObject({ exitCode: 0 });
    expect(approved.stdout).toMatch(/^• Approved by token:local: looks good\n/);
    expect(approved.stdout).toContain("deployed");
    const again = await place.run(["approve", id]);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toMatch(/was approved by token:local at .* \(approval:decided\)/);
  });

  it("refuses it", async () => {
    const id = await trigger();
    const refused = await place.run(["approve", "last", "--refuse"]);
    expect(refused).toMatchObject({ exitCode: 0, stdout: `${id} is refused` });
    const { stdout } = await place.run(["tasks", "--json", "--limit", "1"]);
    expect(JSON.parse(stdout)).toMatchObject({ id, outcome: "rejected", reason: "Refused by token:local" });
  });
});

describe("without a server", () => {
  it("runs the task here", async () => {
    const offline = await createPlace(SETTINGS);
    const waiting = offline.begin(["trigger", "deploy", "--json"]);
    try {
      await expect
        .poll(async () => (await offline.run(["tasks", "--json"])).json(), { timeout: 30_000 })
        .toMatchObject([{ hold: { type: "approval" } }]);
      const { stdout } = await offline.run(["tasks", "--json"]);
      const { id } = taskSchema.parse(JSON.parse(stdout));
      // As killed: the task waits for whoever comes next.
      waiting.kill("SIGKILL");
      await waiting;
      const ran = await offline.run(["approve", id]);
      expect(ran).toMatchObject({ exitCode: 0 });
      expect(ran.stdout).toContain("deployed");
    } finally {
      await offline.close();
    }
  });
});
