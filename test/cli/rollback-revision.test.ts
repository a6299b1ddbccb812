import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";

const TOKEN = "the-token-argo-cd-sends";
const SETTINGS = `
server: { listen: 127.0.0.1:0 }
sources:
  argo: { kind: argocd, secrets: ["${TOKEN}"] }
actions:
  rollback:
    workdir: .
    on:
      - source: argo
        event: health
        when: event.status == 'Degraded'
        with: { to: event.health.healthy_revision }
    params: { to: { pattern: "[0-9a-f]{7,64}" } }
    steps: [{ run: [echo, "going to \${{ params.to }}"] }]
`;
const sha = (digit: string): string => digit.repeat(40);

let place: Place;
beforeAll(async () => {
  place = await createPlace(SETTINGS);
  const { server, url } = await place.serve();
  for (const digit of ["a", "b", "c"]) {
    const body = JSON.stringify({ app: "web", status: "Healthy", revision: sha(digit) });
    await fetch(`${url}/hooks/argo`, { method: "POST", body, headers: { authorization: `Bearer ${TOKEN}` } });
  }
  server.kill("SIGTERM");
  await server.exited;
});
afterAll(() => place.close());

describe.each([
  ["without a server", false],
  ["with a running server", true],
])("%s", (_name, online) => {
  beforeAll(async () => {
    if (online) await place.serve();
  });

  it("lists revisions", async () => {
    const { stdout } = await place.run(["revisions", "web"]);
    expect(stdout).toMatch(/web +cccccccccccc +healthy.* argo\n.*\n?web +bbbbbbbbbbbb +healthy/);
    const json = (await place.run(["revisions", "--json"])).json();
    expect(json).toContainEqual(expect.objectContaining({ revision: sha("a"), state: "healthy" }));
    expect((await place.run(["revisions", "none"])).stderr).toContain("Nothing is remembered");
  });

  it("says where it would go", async () => {
    const ran = await place.run(["rollback", "web", "--dry-run", ...(online ? ["--override"] : [])]);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: `web would go from ${sha("c")} back to ${sha("b")}, by rollback`,
    });
  });

  it("rolls back and follows", async () => {
    const flags = online ? ["--override", "--to", "aaaa"] : ["--reason", "slow"];
    const ran = await place.run(["rollback", "web", ...flags, "--follow"]);
    expect(ran).toMatchObject({ exitCode: 0 });
    const target = sha(online ? "a" : "b");
    expect(ran.stderr).toContain(`web goes from ${sha("c")} back to ${target}`);
    expect(ran.stdout).toContain(`going to ${target}`);
  });

  it("says why not", async () => {
    const again = await place.run(["rollback", "web"]);
    expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("rollback:repeated") });
    const unknown = await place.run(["rollback", "none", "--dry-run"]);
    expect(unknown.stderr).toContain("No healthy revision of none is known (rollback:no_healthy_revision)");
    const wrong = await place.run(["rollback", "web", "--to", "main"]);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("hexadecimal") });
  });

  it("takes nothing that is of releases, where it would be left aside", async () => {
    for (const args of [["aaaaaaa"], ["20261125T093000Z-1a2b3c", "--to", "aaaa"], ["--cancel"]]) {
      const ran = await place.run(["rollback", "web", ...args]);
      expect(ran).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("apps that Hookwright releases"),
      });
    }
  });
});
