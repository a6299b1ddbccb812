import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { createPlace, type Place } from "../support/cli.ts";

const SETTINGS = `
server: { listen: 127.0.0.1:0 }
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] } } }
actions: {}
`;
const [FIRST, SECOND] = ["the first password", "the second password"];

let place: Place;
let url: string;
beforeAll(async () => {
  place = await createPlace(SETTINGS);
});
afterAll(() => place.close());

/** What the deploy API says to `user:secret`. */
async function logIn(secret: string, path = "webhooks"): Promise<number> {
  const authorization = `Basic ${Buffer.from(`dscape:${secret}`).toString("base64")}`;
  const response = await fetch(`${url}/1/status/dscape/${path}`, { headers: { authorization } });
  await response.text();
  return response.status;
}

const exitOf = async (args: readonly string[], input?: string): Promise<number> =>
  (await place.run(["user", ...args], input === undefined ? {} : { input })).exitCode;

it("users are added, given another password, listed, shut out and let in by commands", async () => {
  // Without a server, then by the one that runs.
  expect(await exitOf(["add", "dscape"], `${FIRST}\n`)).toBe(0);
  ({ url } = await place.serve());
  expect([await logIn(FIRST), await logIn(SECOND)]).toEqual([200, 401]);
  const again = await place.run(["user", "add", "dscape"], { input: SECOND });
  expect(again).toMatchObject({ exitCode: 1 });
  expect(again.stderr).toContain("user:exists");
  expect(await exitOf(["passwd", "dscape"], SECOND)).toBe(0);
  expect([await logIn(FIRST), await logIn(SECOND)]).toEqual([401, 200]);
  expect(await exitOf(["disable", "dscape"])).toBe(0);
  expect(await logIn(SECOND)).toBe(401);
  const listed = (await place.run(["user", "list", "--json"])).json();
  const users = z.array(z.object({ name: z.string(), disabled_at: z.string().nullable() })).parse(listed);
  expect(users.map(({ name }) => name)).toEqual(["dscape"]);
  expect(users[0]?.disabled_at).not.toBeNull();
  expect(JSON.stringify(listed)).not.toContain("argon2");
  expect(await exitOf(["enable", "dscape"])).toBe(0);
  expect(await logIn(SECOND)).toBe(200);
  expect(await exitOf(["passwd", "nobody"], SECOND)).toBe(3);
});

it("their tokens are shown once, good for the apps named, and end when they are revoked", async () => {
  const made = await place.run(["user", "token", "dscape", "ci", "--app", "other", "--expires", "90d"]);
  const token = made.stdout.trim();
  expect(token).toMatch(/^hwu_[\w-]{43}$/);
  expect([await logIn(token), await logIn(token, "webhooks/hello")]).toEqual([200, 401]);
  expect(await exitOf(["revoke", "dscape", "ci"])).toBe(0);
  expect(await logIn(token)).toBe(401);
});
