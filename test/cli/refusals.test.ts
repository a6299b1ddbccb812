import { afterAll, beforeAll, expect, it } from "vitest";
import { cliSettings } from "../support/cli-settings.ts";
import { createPlace, type Place } from "../support/cli.ts";

let place: Place;
beforeAll(async () => {
  place = await createPlace(cliSettings);
  await place.serve();
});
afterAll(() => place.close());

it.each([
  ["a param that does not fit", ["trigger", "deploy", "-p", "sha=main", "--follow"], 2, /sha/],
  ["a param that is missing", ["trigger", "deploy", "--follow"], 2, /sha/],
  ["a param without a value", ["trigger", "deploy", "-p", "sha"], 2, /--param: sha is not NAME=VALUE/],
  ["an action that does not exist", ["trigger", "deplyo"], 3, /did you mean deploy\?/],
  ["a task that does not exist", ["logs", "0000"], 3, /no task 0000/],
  [
    "a task that does not exist, by its whole id",
    ["follow", "01a20f41-a3b8-7000-9428-1fc7a95b256d"],
    3,
    /task/,
  ],
  ["a task, when there is none", ["cancel", "last"], 3, /no task last/],
  ["a state that does not exist", ["tasks", "--state", "done"], 2, /expected one of ENQUEUED, RUNNING/],
  ["a limit out of bounds", ["tasks", "--limit", "501"], 2, /--limit: expected a number from 1 to 500/],
])("the CLI refuses %s", async (_what, args, exitCode, message) => {
  const ran = await place.run(args);
  expect(ran).toMatchObject({ exitCode, stdout: "" });
  expect(ran.stderr).toMatch(message);
});
