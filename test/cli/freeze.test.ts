import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";

const SECRET = "secret-of-the-tests";
/** Frozen now, whenever now is. */
const SETTINGS = `
server: { listen: 127.0.0.1:0 }
freeze: [{ cron: "0 0 * * *", duration: 48h, reason: tests }]
sources: { app: { kind: github, secret: ${SECRET} } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push }]
    steps: [{ run: [echo, deployed] }]
`;

let place: Place;
let url: string;
beforeAll(async () => {
  place = await createPlace(SETTINGS);
  ({ url } = await place.serve());
});
afterAll(() => place.close());

describe("in a freeze", () => {
  it("a task of a webhook waits, and approve --override-freeze lets it start", async () => {
    const { body, headers } = githubPush({ secret: SECRET });
    await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
    const { stdout } = await place.run(["tasks"]);
    expect(stdout).toMatch(/ENQUEUED .*Waits for the end of the freeze until \S+ \(tests\)/);
    const plain = await place.run(["approve", "last"]);
    expect(plain).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("approval:not_needed") });
    const started = await place.run(["approve", "last", "--override-freeze", "--follow"]);
    expect(started).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("deployed") });
  });

  it("a start by hand runs, with a warning", async () => {
    const ran = await place.run(["trigger", "deploy", "--follow"]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("deployed") });
    expect(ran.stderr).toMatch(/^warning: Started in spite of the freeze until \S+ \(tests\)\n/);
    const quiet = await place.run(["trigger", "deploy", "--json"]);
    expect(quiet.json()).toMatchObject([{ state: "ENQUEUED", note: expect.stringContaining("freeze") }]);
  });
});
