import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deliverySchema, sourceSchema } from "../../src/client/schemas.ts";
import { CLI_SECRET, CLI_SHA, cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { githubPush } from "../support/push.ts";

/** Sends a push to the place's server; resolves with the delivery's id. */
async function push(url: string, options: { branch?: string; body?: string } = {}): Promise<string> {
  const { body, headers } = githubPush({ secret: CLI_SECRET, sha: CLI_SHA, ...options });
  const response = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  const answer = z.looseObject({ delivery: z.string().optional(), delivery_id: z.string().optional() });
  const { delivery, delivery_id: rejected } = answer.parse(await response.json());
  return delivery ?? rejected ?? "";
}

describe.each([
  ["with a running server", true],
  ["without a server", false],
])("%s", (_name, online) => {
  let place: Place;
  /** A push to a branch that starts nothing, one that is malformed, one that starts `deploy`: the last. */
  let ids: { readonly other: string; readonly malformed: string; readonly last: string };

  beforeAll(async () => {
    place = await createPlace(cliSettings);
    const { server, url } = await place.serve();
    ids = {
      other: await push(url, { branch: "other" }),
      malformed: await push(url, { body: "{" }),
      last: await push(url),
    };
    await place.run(["follow", "last"]);
    if (online) return;
    server.kill("SIGTERM");
    await server.exited;
  });
  afterAll(() => place.close());

  it("deliveries lists them, newest first, with what is wrong", async () => {
    const ran = await place.run(["deliveries"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout.split("\n")).toEqual([
      expect.stringMatching(/^ID +SOURCE +EVENT +VERDICT +RECEIVED +NOTE$/),
      expect.stringMatching(new RegExp(`^${ids.last}  app +push +accepted  [-\\d]{10} [:\\d]{8}$`)),
      expect.stringMatching(new RegExp(`^${ids.malformed}  app +push +rejected  .*JSON`)),
      expect.stringMatching(new RegExp(`^${ids.other}  app +push +accepted`)),
    ]);
    const json = await place.run(["deliveries", "--source", "app", "--limit", "2", "--json"]);
    const listed = z.array(deliverySchema).parse(json.json());
    expect(listed.map(({ id }) => id)).toEqual([ids.last, ids.malformed]);
    expect(await place.run(["deliveries", "--source", "none"])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "No deliveries.",
    });
  });

  it("sources lists them with their last delivery", async () => {
    const ran = await place.run(["sources"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^app +github +\/hooks\/app +[-\d]{10} [:\d]{8} push \(accepted\)$/m);
    const json = z.array(sourceSchema).parse((await place.run(["sources", "--json"])).json());
    expect(json.find(({ name }) => name === "app")?.last_delivery?.id).toBe(ids.last);
  });

  it("explain says, rule by rule, what started and what did not", async () => {
    const last = await place.run(["explain", "last"]);
    expect(last).toMatchObject({ exitCode: 0, stderr: "" });
    expect(last.stdout).toMatch(/^push of app, received /);
    expect(last.stdout).toContain(`push · octo/app · refs/heads/main · ${CLI_SHA.slice(0, 12)} Change`);
    expect(last.stdout).toMatch(/\n {2}started deploy: \S{36} COMPLETED\n/);
    expect(last.stdout).toContain("✓ starts deploy (rule 1)");
    const other = await place.run(["explain", ids.other.slice(-8)]);
    expect(other.stdout).toMatch(/- does not start deploy \(rule 1\): .*branch/);
    const malformed = await place.run(["explain", ids.malformed]);
    expect(malformed.stdout).toMatch(/rejected: .*JSON/);
    const json = await place.run(["explain", "last", "--json"]);
    expect(json.json()).toMatchObject([{ delivery: { id: ids.last }, reasons: [{ matched: true }] }]);
  });

  it("replay --dry-run only says what would start", async () => {
    const ran = await place.run(["replay", ids.last, "--dry-run"]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toContain("✓ starts deploy (rule 1)");
    const json = await place.run(["replay", ids.last, "--dry-run", "--json"]);
    expect(json.json()).toMatchObject([{ tasks: [], reasons: [{ matched: true }] }]);
    expect((await place.run(["deliveries", "--json"])).json()).toHaveLength(3);
  });

  it("replay --follow takes it in once more and shows what it starts", async () => {
    const ran = await place.run(["replay", ids.last, "--follow"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^Stored as delivery \S{36}\nStarted deploy: \S{36}\n/);
    expect(ran.stdout).toContain(`  │ building ${CLI_SHA}\n`);
    expect(ran.stdout).toMatch(/✓ deploy COMPLETED in /);
    const table = await place.run(["deliveries", "--limit", "1"]);
    expect(table.stdout).toContain(`replays ${ids.last}`);
  });

  it("replay of what starts nothing says why", async () => {
    const ran = await place.run(["replay", ids.other]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^Stored as delivery \S{36}\n {2}- does not start deploy \(rule 1\): /);
  });

  it.each([
    ["a delivery that was rejected", () => ["replay", ids.malformed], 1, /delivery:not_replayable/],
    ["a delivery that does not exist", () => ["explain", "0000"], 3, /no delivery 0000/],
  ])("refuses %s", async (_what, args, exitCode, message) => {
    const ran = await place.run(args());
    expect(ran).toMatchObject({ exitCode, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });
});
