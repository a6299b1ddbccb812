import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { LIMITS } from "../../../src/http/limits.ts";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  settingsFor,
} from "../../support/deploy-world.ts";
import { matching } from "../../support/like.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld((github, travis) =>
    settingsFor(github, travis).replace("listen: 127.0.0.1:0", "$&, trusted_proxies: [127.0.0.0/8]"),
  );
});
afterEach(() => world.close());

/** A client behind the proxy; a wrong token costs no argon2. */
const at = (address: string, user: string, secret?: string): Record<string, string> => ({
  ...world.as(user, secret),
  "x-forwarded-for": address,
});
const GUESS = "hwu_a-guess";
const status = async (headers: Record<string, string>, user = "dscape"): Promise<number> => {
  const response = await world.server.fetch(`/1/status/${user}/webhooks`, { headers });
  await response.text();
  return response.status;
};

async function expectTooMany(response: Response): Promise<void> {
  const answer: unknown = await response.json();
  expect([response.status, answer]).toEqual([
    429,
    {
      error: "mw:auth:too_many_failures",
      reason: matching(/./),
      uuid: response.headers.get("x-api-uuid"),
    },
  ]);
  expect(z.coerce.number().parse(response.headers.get("retry-after"))).toBeGreaterThan(0);
}

describe("failed logins of this API", () => {
  it("are bounded by address, on every path; who is let in there still is, and so is everybody elsewhere", async () => {
    const [bad, good] = ["192.0.2.1", "198.51.100.1"];
    expect(await status(at(bad, "dscape"))).toBe(200);
    for (let count = 0; count < LIMITS.failures; count += 1)
      expect(await status(at(bad, `nobody-${count}`, GUESS))).toBe(401);
    const headers = at(bad, "other");
    await expectTooMany(await world.server.fetch("/1/status/other/webhooks", { headers }));
    await expectTooMany(await world.server.fetch("/1/status/other/changes", { headers }));
    await expectTooMany(await world.server.fetch("/1/auth/github", { method: "POST", headers }));
    for (const path of ["/1/deploy", "/"])
      await expectTooMany(await world.deploy(githubPayload(world.sha), { path, headers }));
    expect(await status(at(bad, "dscape"))).toBe(200);
    expect(await status(at(good, "other"), "other")).toBe(200);
    // Known by now, wherever they are.
    expect(await status(headers, "other")).toBe(200);
  });

  it("are bounded by user, from wherever they come; the user comes in from where they have been", async () => {
    const { token } = await world.server.client.createUserToken("dscape", { name: "new", apps: null });
    const home = "198.51.100.1";
    expect(await status(at(home, "dscape"))).toBe(200);
    for (let count = 0; count < LIMITS.failuresOfUser; count += 1)
      expect(await status(at(`192.0.2.${count}`, "dscape", GUESS))).toBe(401);
    const headers = at("203.0.113.1", "dscape", GUESS);
    await expectTooMany(await world.server.fetch("/1/status/dscape/webhooks", { headers }));
    expect(await status(at("203.0.113.1", "dscape"))).toBe(200);
    expect(await status(at(home, "dscape", token))).toBe(200);
    expect(await status(at("203.0.113.1", "other"), "other")).toBe(200);
  });
});
