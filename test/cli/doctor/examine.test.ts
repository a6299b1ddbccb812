import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { examine } from "../../../src/cli/doctor/examine.ts";
import { ok, problem } from "../../../src/cli/doctor/finding.ts";
import { load } from "../../settings/settings-file.ts";
import { cliSettings } from "../../support/cli-settings.ts";
import { createPlace, type Place } from "../../support/cli.ts";

let place: Place | null = null;
afterEach(() => place?.close());

describe("the doctor", () => {
  it("keeps no finding from others because a check fails or hangs", async () => {
    const settings = await load("sources: {}");
    const checks = {
      good: async () => [ok("fine")],
      bad: async () => Promise.reject(new Error("it broke")),
      slow: () => new Promise<never>(() => undefined),
      last: async () => [problem("wrong", "mend it")],
    };
    const patient = { settings, env: {}, now: () => new Date() };
    expect(await examine(patient, { checks, checkMs: 50 })).toEqual([
      { about: "good", findings: [{ level: "ok", seen: "fine", fix: null }] },
      {
        about: "bad",
        findings: [{ level: "unknown", seen: "It could not be looked at: it broke", fix: null }],
      },
      {
        about: "slow",
        findings: [{ level: "unknown", seen: "Looking took longer than 0.05 seconds", fix: null }],
      },
      { about: "last", findings: [{ level: "problem", seen: "wrong", fix: "mend it" }] },
    ]);
  });

  it("finds nothing wrong beside a server that runs, and exits 1 where something is", async () => {
    const outside = "github: { api_url: http://127.0.0.1:9 }\n";
    place = await createPlace(cliSettings + outside);
    await chmod(join(place.dir, "hookwright.yaml"), 0o600);
    const { url } = await place.serve();
    const well = await place.run(["doctor", "--json"]);
    expect(well.json().filter((each) => JSON.stringify(each).includes('"problem"'))).toEqual([]);
    expect(well).toMatchObject({ exitCode: 0, stderr: "" });
    expect(well.json()).toContainEqual({
      about: "port",
      level: "ok",
      seen: `The server runs at ${url}`,
      fix: null,
    });
    expect(well.json()).toContainEqual({
      about: "store",
      level: "ok",
      seen: expect.stringMatching(/hookwright\.db is whole and of this version \(schema \d+\)$/),
      fix: null,
    });
    await place.write(
      "other.yaml",
      `${outside}notify: { ops: { kind: generic, url: "http://no.invalid/" } }\n`,
    );
    const ill = await place.run(["--settings", "other.yaml", "doctor"]);
    expect(ill.exitCode).toBe(1);
    expect(ill.stdout).toMatch(
      /^problem endpoints: The endpoint ops is at no\.invalid, which no name server knows\n {4}Mend its url$/m,
    );
    expect(ill.stdout).toMatch(/^Problems: \d+, warnings: \d+$/m);
  });

  it.each([
    ["wrong.yaml", "wrong.yaml:1:1 sorces: unknown key", "Mend it; the rest can be looked at then"],
    ["none.yaml", "none.yaml", ""],
  ])("looks at the rest where %s can't be read", async (file, seen, fix) => {
    place = await createPlace("{}");
    await place.write("wrong.yaml", "sorces: {}\n");
    const ran = await place.run(["--settings", file, "doctor", "--json"]);
    expect(ran).toMatchObject({ exitCode: 1, stderr: "" });
    const found = z.array(z.object({ about: z.string(), level: z.string() })).parse(ran.json());
    expect(found[0]).toMatchObject({ about: "settings", level: "problem" });
    expect(JSON.stringify(ran.json()[0])).toContain(seen);
    expect(JSON.stringify(ran.json()[0])).toContain(fix);
    expect(found.filter(({ about }) => about === "programs").length).toBeGreaterThan(1);
  });
});
