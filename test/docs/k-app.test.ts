import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reporterSchema } from "../../src/client/schemas.ts";
import { createKappWorld, KAPP_TOKEN, type KappWorld } from "../support/k-app-world.ts";
import { blocksOf, curlLines } from "./pages.ts";

let world: KappWorld;
beforeAll(async () => {
  world = await createKappWorld();
});
afterAll(() => world.close());

/** The page's lines of curl, in their order. */
const lines = blocksOf("docs/k-app.md").flatMap(({ text }) => curlLines(text));

/** As it stands, but for the host, the token, the commit, and the id that the one before was answered with. */
async function run(line: string, { id = "", token = KAPP_TOKEN } = {}): Promise<unknown> {
  const script = line
    .replace("http://127.0.0.1:3000", world.server.url)
    .replace('"token":"…"', `"token":"${token.replace("'", String.raw`'\''`)}"`)
    .replace(/[0-9a-f]{40}/, world.commits.good)
    .replace('"id":"019a…"', `"id":"${id}"`);
  const { stdout } = await execa("bash", ["-c", script]);
  return stdout === "Forbidden" ? stdout : JSON.parse(stdout);
}

it("K-App's clients check their token, deploy, follow and cancel by the lines of the page", async () => {
  const [check = "", deploy = "", follow = "", ...rest] = lines;
  expect(await run(check)).toBe("Could not find id none");
  expect(await run(check, { token: "another" })).toBe("Forbidden");
  const { id, state } = reporterSchema.parse(await run(deploy));
  expect(state).toBe("ENQUEUED");
  await world.server.ended(id);
  expect(await run(follow, { id })).toMatchObject({ id, state: "COMPLETED", progress: 100 });
  expect(await world.headOf("kapp-staging")).toBe(world.commits.good);
  expect(await world.calls()).toContain("systemctl restart kapp-staging@* in kapp-staging");

  const [deployProd = "", followProd = "", cancel = ""] = rest;
  const prod = reporterSchema.parse(await run(deployProd));
  await world.server.ended(prod.id);
  expect(await run(followProd, { id: prod.id })).toMatchObject({ state: "COMPLETED" });
  expect(await world.headOf("kapp")).toBe(world.commits.good);
  expect(await run(cancel, { id: prod.id })).toBe("Task can't be cancelled. (status: COMPLETED)");
});
