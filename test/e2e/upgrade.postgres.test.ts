import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../src/storage/migrations/migrations.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { postgresUrlOf, storeIn, type TestStore } from "../support/test-store.ts";
import { earlierData, expectTakenOver, unpackData } from "../support/upgrade.ts";

let place: Place;
let store: TestStore;
afterEach(async () => {
  await place.close();
  await store.remove();
});

/** A database with what that version has left; resolves with its URL. */
async function load(dump: string): Promise<string> {
  store = await storeIn(place.dir, { kind: "sqlite", path: "" });
  const url = postgresUrlOf(store);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(await readFile(dump, "utf8"));
  } finally {
    await client.end();
  }
  return url;
}

describe.each(await earlierData("postgres"))("the data of %s", (name) => {
  it("is taken over", async () => {
    place = await createPlace();
    const expected = await unpackData(name, place);
    expect(expected.schema).toBeLessThan(SCHEMA_VERSION);
    const url = await load(join(place.dir, "data/hookwright.sql"));
    await place.write(".env", `STORE_URL=${url}\n`);
    // The lost server's tasks are not left to it for long.
    await appendFile(join(place.dir, "hookwright.yaml"), "work: { lease: 1s }\n");
    await place.serve();
    await expectTakenOver(place, expected);
  });
});
