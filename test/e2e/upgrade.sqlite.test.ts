import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../src/storage/migrations/migrations.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { earlierData, expectTakenOver, unpackData } from "../support/upgrade.ts";

const fixtures = await earlierData("sqlite");

let place: Place;
afterEach(() => place.close());

describe.each(fixtures)("the data of %s", (name) => {
  it("is taken over", async () => {
    place = await createPlace();
    const expected = await unpackData(name, place);
    expect(expected.schema).toBeLessThanOrEqual(SCHEMA_VERSION);
    await place.serve();
    await expectTakenOver(place, expected);
  });
});

describe("the data of a later version", () => {
  it("is refused, and left as it is", async () => {
    place = await createPlace();
    await unpackData(fixtures.at(-1) ?? "", place);
    const database = new Database(join(place.dir, "data/hookwright.db"));
    database.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const ran = await place.run(["serve"]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(
      `The database has schema version ${SCHEMA_VERSION + 1}, this program knows ${SCHEMA_VERSION}: start the newer Hookwright again, or restore a backup`,
    );
    const after = new Database(join(place.dir, "data/hookwright.db"), { readonly: true });
    expect(after.pragma("user_version", { simple: true })).toBe(SCHEMA_VERSION + 1);
    after.close();
  });
});
