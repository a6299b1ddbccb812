import { afterEach, expect, it } from "vitest";
import { z } from "zod";
import { createUsers } from "../../../src/accounts/users.ts";
import type { HttpServer } from "../../../src/http/server.ts";
import { githubPayload, PASSWORD, settingsFor } from "../../support/deploy-world.ts";
import { logLines } from "../../support/log-lines.ts";
import { serveWorld } from "../../support/serve-world.ts";
import { createWorld, type World } from "../../support/world.ts";

let world: World;
let http: HttpServer;
afterEach(async () => {
  await http.close();
  await world.close();
});

const lineSchema = z.looseObject({ msg: z.string() });

it("x-api-uuid of a deploy is in its answer, the log, the stored delivery, and the entries", async () => {
  world = await createWorld({ settings: settingsFor("http://127.0.0.1:1", "http://127.0.0.1:1") });
  await createUsers(world.services).add({ name: "dscape", password: PASSWORD });
  const { logger, lines } = logLines("info");
  const served = await serveWorld(world, logger);
  ({ http } = served);
  const headers = { authorization: `Basic ${Buffer.from(`dscape:${PASSWORD}`).toString("base64")}` };
  const body = JSON.stringify(githubPayload("a".repeat(40)));
  const init = { method: "POST", body, headers: { ...headers, "x-api-uuid": "of the sender" } };
  const response = await fetch(`${served.url}/1/deploy?wait=0`, init);
  const uuid = response.headers.get("x-api-uuid");
  const { delivery, ...answer } = z
    .looseObject({ delivery: z.string(), uuid: z.string() })
    .parse(await response.json());
  expect(uuid).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.uuid).toBe(uuid);
  const logged = lines.map((line) => lineSchema.parse(JSON.parse(line)));
  expect(logged.filter(({ msg }) => msg === "Took a deploy")).toMatchObject([
    { requestId: uuid, delivery, app: "hello", user: "dscape" },
  ]);
  const stored = await world.app.getDelivery(delivery);
  expect(stored.headers).toMatchObject({ "x-api-uuid": uuid });
  const entries = await fetch(`${served.url}/1/status/dscape/webhooks`, { headers });
  expect(await entries.json()).toMatchObject([{ uuid, status: "pending" }]);
});
