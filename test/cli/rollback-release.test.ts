import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPlace, type Place } from "../support/cli.ts";

const SETTINGS = `
server: { listen: 127.0.0.1:0 }
actions:
  deploy:
    workdir: .
    steps: [{ release: { app: web, from: source, runtime: command, restart: ["true"] } }]
`;

let place: Place;
beforeAll(async () => {
  place = await createPlace(SETTINGS);
  await mkdir(join(place.dir, "source"));
  for (const version of ["one", "two", "three"]) {
    await writeFile(join(place.dir, "source/version"), version);
    await place.run(["trigger", "deploy", "--follow"]);
  }
});
afterAll(() => place.close());

const inUse = (): Promise<string> => readFile(join(place.dir, "data/apps/web/current/version"), "utf8");

it("rollback puts the last healthy release in use again, without a server", async () => {
  expect(await inUse()).toBe("three");
  expect(await place.run(["rollback", "web", "--follow"])).toMatchObject({ exitCode: 0 });
  expect(await inUse()).toBe("two");
});

it("rollback puts a named one in use, by a running server", async () => {
  await place.serve();
  const { stdout } = await place.run(["releases", "web", "--json"]);
  const ids = stdout.split("\n").flatMap((line) => /"id":"([^"]+)"/.exec(line)?.[1] ?? []);
  const oldest = ids.at(-1) ?? "";
  expect(await place.run(["rollback", "web", oldest, "--cancel", "--follow"])).toMatchObject({ exitCode: 0 });
  expect(await inUse()).toBe("one");
  const again = await place.run(["rollback", "web", "no-such-release"]);
  expect(again).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("release:not_found") });
});
