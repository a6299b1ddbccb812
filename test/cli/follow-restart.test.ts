import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";
import { startServerProcess, type ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const settings = `
actions:
  count:
    workdir: .
    on_crash: retry
    steps:
      - { name: first, run: [echo, first] }
      - { name: second, shell: 'echo second; touch waiting; until [ -e go ]; do sleep 0.05; done; echo gone on' }
`;

let place: Place;

beforeEach(async () => {
  place = await createPlace(settings);
});
afterEach(() => place.close());

/** Ends with the place, which ends all that runs in it. */
const serve = (port = 0): ServerProcess => startServerProcess({ dir: place.dir, port });

it("follow goes on when the server was killed and comes back: no line twice, none left out", async () => {
  const first = serve();
  const { port } = new URL(await first.serving);
  await place.run(["trigger", "count"]);
  const following = place.begin(["follow", "last"]);
  let shown = "";
  following.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
  });
  await until(() => shown.includes("│ second"), { what: "the second step to be shown" });
  first.kill("SIGKILL");
  await first.exited;
  await place.write("go", "");
  await serve(Number(port)).serving;
  const ran = await following;
  expect(ran.exitCode).toBe(0);
  expect(ran.stderr).toContain("The connection broke; trying again");
  const lines = ran.stdout.split("\n").filter((line) => line.startsWith("  │"));
  // Both attempts, each line as often as it was printed.
  expect(lines).toEqual(["  │ first", "  │ second", "  │ first", "  │ second", "  │ gone on"]);
  expect(ran.stdout).toMatch(/✓ count COMPLETED in \S+$/);
  expect(existsSync(join(place.dir, "waiting"))).toBe(true);
});
