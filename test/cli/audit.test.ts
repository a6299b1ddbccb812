import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { until } from "../support/until.ts";

let place: Place;
beforeAll(async () => {
  place = await createPlace("server: { listen: 127.0.0.1:0 }\nactions: {}\n");
});
afterAll(() => place.close());

describe("audit", () => {
  it("has what was done without a server, secrets too, but not their values", async () => {
    await place.run(["secrets", "set", "ops"], { input: "a-secret-that-nobody-knows" });
    await place.run(["token", "create", "ci"]);
    const ran = await place.run(["audit", "--json"]);
    expect(ran.json()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: "secret.set", target: "secret:ops", way: "cli" }),
        expect.objectContaining({
          action: "token.create",
          target: "token:ci",
          actor: "token:local",
          way: "cli",
        }),
      ]),
    );
    expect(ran.stdout).not.toContain("a-secret-that");
  });

  it("chooses, and shows a table", async () => {
    const ran = await place.run(["audit", "--target", "token:ci", "--result", "done", "--since", "1h"]);
    expect(ran.stdout).toMatch(/^TIME .*\n.* token:local +token\.create +token:ci +cli .* done +scopes=read/);
    const none = await place.run(["audit", "--until", "2001-01-01T00:00:00Z"]);
    expect(none).toMatchObject({ exitCode: 0, stdout: "", stderr: "Nothing." });
  });

  it.each([
    [["--action", "nonsense"], /--action: expected one of task\.start/],
    [["--since", "yesterday"], /--since: yesterday is neither a duration/],
    [["--follow"], /No server runs/],
  ])("refuses %j", async (args, message) => {
    const ran = await place.run(["audit", ...args]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });

  it("--follow goes on with what comes", async () => {
    await place.serve();
    const following = place.begin(["audit", "--follow", "--json", "--action", "token.create"]);
    let seen = "";
    following.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    await until(() => seen.includes('"token:ci"'), { what: "what there was before" });
    await place.run(["token", "create", "later"]);
    await until(() => seen.includes('"token:later"'), { what: "what came later" });
    expect(seen.split('"token:ci"')).toHaveLength(2);
    following.kill("SIGINT");
  });
});
