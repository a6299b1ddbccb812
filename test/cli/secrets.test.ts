import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";

const SECRET = "a-secret-that-is-long-enough";

let place: Place;
beforeAll(async () => {
  place = await createPlace(
    "secrets: { file: ./kept/all.enc }\nsources: { app: { kind: github, secret_name: app } }\nactions: {}\n",
  );
});
afterAll(() => place.close());

it("a secret is set from stdin, then listed by its name, and the settings that name it are valid", async () => {
  expect(await place.run(["check"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("there is no secret app"),
  });
  expect(await place.run(["secrets", "set", "app"], { input: `${SECRET}\n` })).toMatchObject({ exitCode: 0 });
  expect(await place.run(["check"])).toMatchObject({ exitCode: 0, stderr: "" });
  const list = await place.run(["secrets", "list", "--json"]);
  expect(list.json()).toEqual([{ name: "app", updated_at: expect.any(String) }]);
  expect(await readFile(join(place.dir, "kept/all.enc"), "utf8")).not.toContain(SECRET);
});

it("the key is changed, and a secret removed", async () => {
  const key = (): Promise<string> => readFile(join(place.dir, "kept/all.key"), "utf8");
  const before = await key();
  expect(await place.run(["secrets", "rotate-key", "--json"])).toMatchObject({ stdout: '{"rotated":1}' });
  expect(await key()).not.toBe(before);
  expect(await place.run(["check"])).toMatchObject({ exitCode: 0 });
  expect(await place.run(["secrets", "remove", "app"])).toMatchObject({
    exitCode: 0,
    stdout: "app is removed",
  });
  expect(await place.run(["secrets", "remove", "app"])).toMatchObject({ exitCode: 3, stdout: "" });
  expect(await place.run(["secrets", "list"])).toMatchObject({ stderr: "No secrets." });
});

it("an empty secret is refused", async () => {
  expect(await place.run(["secrets", "set", "app"], { input: "\n" })).toMatchObject({
    exitCode: 2,
    stdout: "",
  });
});
