import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const env = { KEY, ONE_LINE: KEY.replaceAll("\n", "\\n") };

function parse(
  recover: string,
  { kind = "github", top = "server: { public_url: https://h.example.com/ }" } = {},
) {
  const text = `${top}
sources:
  app: { kind: ${kind}, secret: a-long-enough-secret, recover: ${recover} }
`;
  return parseSettings({ text, file: null, dir: "/", env }).sources["app"]?.recovery;
}

const hookUrl = "https://h.example.com/hooks/app";

describe("recover", () => {
  it("names the webhook of a repository, found by its URL", () => {
    expect(parse("{ repository: o/app, token: a-token }")).toEqual({
      everyMs: 300_000,
      attempts: 5,
      hooks: [
        {
          type: "github",
          apiUrl: "https://api.github.com",
          owner: "/repos/o/app",
          credentials: { type: "token", token: "a-token" },
          hookId: null,
          hookUrl,
        },
      ],
    });
  });

  it("names several, an organization's, an App's, and GitLab's", () => {
    const owners = (recover: string, kind = "github") =>
      parse(recover, { kind })?.hooks.map(({ owner }) => owner);
    expect(owners("{ repository: [o/a, o/b], token: t }")).toEqual(["/repos/o/a", "/repos/o/b"]);
    expect(owners("{ organization: acme, token: t, hook_id: 12 }")).toEqual(["/orgs/acme"]);
    expect(owners('{ app: { id: 12, private_key: "${KEY}" } }')).toEqual(["/app"]);
    expect(owners("{ project: g/sub/app, token: t, every: 1m }", "gitlab")).toEqual([
      "/projects/g%2Fsub%2Fapp",
    ]);
    expect(owners('{ group: "42", token: t }', "gitlab")).toEqual(["/groups/42"]);
  });

  it("takes github.token and github.api_url where it has none of its own", () => {
    const top = "github: { token: shared, api_url: https://ghe.example.com/api/v3 }";
    expect(parse("{ repository: o/app, hook_id: 7 }", { top })?.hooks).toMatchObject([
      {
        credentials: { token: "shared" },
        apiUrl: "https://ghe.example.com/api/v3",
        hookId: "7",
        hookUrl: null,
      },
    ]);
  });

  it("reads repositories' by github.app, but no organization's", () => {
    const top =
      'server: { public_url: https://h.example.com/ }\ngithub: { app: { id: 12, private_key: "${ONE_LINE}" } }';
    expect(parse("{ repository: o/app }", { top })?.hooks).toMatchObject([
      { credentials: { type: "installation", id: "12", privateKey: env.KEY } },
    ]);
    expect(() => parse("{ organization: o }", { top })).toThrow(/can't be read by github\.app; give a token/);
    expect(() =>
      parse("{ repository: o/app }", { top: 'github: { token: t, app: { id: 1, private_key: "${KEY}" } }' }),
    ).toThrow(/expected one of token and app/);
  });

  it.each([
    ["{ repository: o/app }", {}, /give a token, here or in github\.token/],
    ["{ repository: o/app, token: t }", { top: "" }, /give hook_id, or server\.public_url/],
    ["{ repository: [o/a, o/b], hook_id: 1, token: t }", {}, /recover\.hook_id.*of one owner only/],
    ["{ token: t }", {}, /expected one of repository, organization and app/],
    ["{ repository: o/app, organization: o, token: t }", {}, /expected one of repository/],
    ["{ repository: app, token: t }", {}, /expected owner\/name/],
    ["{ repository: o/app, token: t, every: 10ms }", {}, /at least 1s/],
    ["{ app: { id: 1, private_key: none } }", {}, /private_key.*expected a private key in PEM/],
    ["{ project: g/app }", { kind: "gitlab" }, /recover.*token/],
    ["{ repository: o/app, token: t }", { kind: "gitea" }, /recover/],
  ])("refuses %s (%o)", (recover, more, message) => {
    expect(() => parse(recover, more)).toThrow(message);
  });
});
