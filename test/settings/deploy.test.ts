import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const parse = (apps: string) =>
  parseSettings({ text: `deploy: { apps: ${apps} }\nactions: {}`, file: null, dir: "/", env: {} }).deployApps;

describe("deploy.apps", () => {
  it("has a repository each", () => {
    const apps = "{ a: { repository: o/a, users: [ann] }, b: { repository: o/b, users: [ann, bob] } }";
    expect(parse(apps)).toEqual([
      { name: "a", repository: "o/a", users: ["ann"] },
      { name: "b", repository: "o/b", users: ["ann", "bob"] },
    ]);
  });

  it("refuses two of one repository: who may deploy the one would start the other's actions", () => {
    const apps = "{ a: { repository: o/r, users: [ann] }, b: { repository: O/R, users: [bob] } }";
    expect(() => parse(apps)).toThrow("1:62 deploy.apps.b.repository: a has that repository already");
  });

  it.each(["../x", "o/..", "o", "o/r/x", "o r/x"])("refuses %s as a repository", (repository) => {
    expect(() => parse(`{ a: { repository: "${repository}", users: [ann] } }`)).toThrow(
      "deploy.apps.a.repository: expected owner/name",
    );
  });
});
