import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const env = { FORGE_TOKEN: "a-token-of-the-forge" };

function parse(report: string, top = "", apps = ""): ReturnType<typeof parseSettings> {
  const text = `${top}
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] ${apps} } } }
actions:
  deploy: { steps: [{ run: [ls] }], report: ${report} }
`;
  return parseSettings({ text, file: null, dir: "/", env });
}

const GITHUB = "github: { token: shared, api_url: https://ghe.example.com/api/v3/ }";

describe("report", () => {
  it("of an action writes statuses to GitHub with what the settings have", () => {
    expect(parse("{ repository: o/app }", GITHUB).reports["deploy"]).toEqual({
      name: "deploy",
      forge: "github",
      apiUrl: "https://ghe.example.com/api/v3",
      token: null,
      repositories: ["o/app"],
      status: true,
      context: "hookwright/deploy",
      deployment: null,
      environmentUrl: null,
      commitParam: "sha",
      implicit: false,
    });
  });

  it("takes a token of its own, which is kept secret, and other forges", () => {
    const report =
      '{ forge: gitlab, repository: [group/sub/app, group/other], token: "${FORGE_TOKEN}", deployment: production, status: false, commit_param: rev }';
    const { reports, secretValues } = parse(report);
    expect(reports["deploy"]).toMatchObject({
      apiUrl: "https://gitlab.com/api/v4",
      repositories: ["group/sub/app", "group/other"],
      token: env.FORGE_TOKEN,
      deployment: "production",
      commitParam: "rev",
    });
    expect(secretValues).toContain(env.FORGE_TOKEN);
  });

  it("of an app of the deploy API is there unless it is switched off, by pairings alone unless it is asked for", () => {
    const own = (apps: string) => parse("{ repository: o/r, token: t }", "", apps).reports["app:hello"];
    expect(own("")).toMatchObject({
      repositories: ["dscape/hello"],
      context: "hookwright/hello",
      implicit: true,
    });
    expect(own(", report: { deployment: production }")).toMatchObject({
      implicit: false,
      deployment: "production",
    });
    expect(own(", report: false")).toBeUndefined();
  });

  it.each([
    ["{ repository: o/app }", /report: give a token, here or in github\.token, or a github\.app/],
    ["{ token: t }", /report\.repository/],
    ["{ repository: app, token: t }", /expected owner\/name/],
    ["{ repository: ../app, token: t }", /expected owner\/name/],
    ["{ repository: o/../../user, token: t }", /expected owner\/name/],
    ["{ repository: o/app, forge: gitlab }", /need a token/],
    ["{ repository: o/app, forge: gitea, token: t }", /need an api_url/],
    [
      "{ repository: o/app, forge: forgejo, token: t, api_url: https://f.example.com/api/v1, deployment: x }",
      /know no deployments/,
    ],
    ["{ repository: o/app, token: t, status: false }", /reports nothing/],
    ["{ repository: o/app, token: t, context: '${{ params.x }}' }", /report\.context: no .* can stand here/],
    ["{ repository: o/app, token: t, contxt: x }", /contxt/],
  ])("refuses %s", (report, message) => {
    expect(() => parse(report)).toThrow(message);
  });
});
