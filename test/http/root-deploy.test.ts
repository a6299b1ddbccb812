import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { hashPassword } from "../../src/lib/passwords.ts";
import { githubPayload, PASSWORD, travisPayload } from "../support/deploy-world.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const KAPP_TOKEN = "the-token-of-k-app";
const ARGO_TOKEN = "the-token-argo-cd-sends";
const SHA = "a".repeat(40);
const SETTINGS = `
sources:
  argo: { kind: argocd, secrets: ["${ARGO_TOKEN}"], path: / }
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] } } }
actions:
  deploy: { steps: [{ run: ["true"] }] }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: `kapp: { token_hash: "${await hashPassword(KAPP_TOKEN)}" }${SETTINGS}`,
  });
  await server.client.addUser({ name: "dscape", password: PASSWORD });
});
afterAll(() => server.close());

const BASIC = { authorization: `Basic ${Buffer.from(`dscape:${PASSWORD}`).toString("base64")}` };
const BEARER = { authorization: `Bearer ${ARGO_TOKEN}` };
const PUSH = githubPayload(SHA);
const BUILD = travisPayload(SHA);
const { matrix: _matrix, ...BUILD_WITHOUT_MATRIX } = BUILD;
const { status_message: _message, ...BUILD_WITHOUT_MESSAGE } = BUILD;
const DEPLOY = { action: "deploy", token: KAPP_TOKEN };
const REPORT = { app: "web", status: "Healthy", revision: SHA };

interface Sent {
  readonly body: unknown;
  readonly form?: boolean;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function post({ body, form = false, query = "", headers = BASIC }: Sent): Promise<Response> {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  const sent = form ? new URLSearchParams({ payload: json }).toString() : json;
  return server.fetch(`/${query}`, {
    method: "POST",
    body: sent,
    headers: { "content-type": type, ...headers },
  });
}

const deploySchema = z.object({ app_name: z.string(), provider: z.string() });
const errorSchema = z.object({ error: z.string() });

/** Who has answered, by what only they answer. */
async function answeredBy(response: Response): Promise<string> {
  const text = await response.text();
  if (!text.startsWith("{")) return `${response.status} kapp`;
  const answer: unknown = JSON.parse(text);
  const deploy = deploySchema.safeParse(answer);
  if (deploy.success) return `${response.status} deploy ${deploy.data.provider}`;
  const error = errorSchema.safeParse(answer);
  if (error.success) return `${response.status} ${error.data.error}`;
  const other = z.object({ code: z.string().optional(), progress: z.number().optional() }).parse(answer);
  return `${response.status} ${other.code ?? (other.progress === undefined ? "source" : "kapp")}`;
}

describe("POST / with K-App, a source and the deploy API", () => {
  it.each<[string, Sent, string]>([
    ["a push", { body: PUSH }, "200 deploy github"],
    ["a push as a form", { body: PUSH, form: true }, "200 deploy github"],
    ["a build", { body: BUILD }, "200 deploy travis"],
    ["a build as a form", { body: BUILD, form: true }, "200 deploy travis"],
    ["a build with status_message alone", { body: BUILD_WITHOUT_MATRIX }, "200 deploy travis"],
    // Nothing else says that it has passed.
    ["a build with matrix alone", { body: BUILD_WITHOUT_MESSAGE }, "200 deploy travis"],
    ["a push that has K-App's keys", { body: { ...PUSH, ...DEPLOY } }, "200 deploy github"],
    ["a push without credentials", { body: PUSH, headers: {} }, "401 deploy:auth:bad_creds"],
    [
      "a build whose signature nobody knows",
      { body: BUILD, form: true, headers: { signature: "AAAA" } },
      "401 deploy:auth:bad_creds",
    ],
    ["a push with another's way to log in", { body: PUSH, headers: BEARER }, "401 deploy:auth:bad_creds"],
    ["nothing, with Basic credentials", { body: "" }, "400 deploy:no_payload"],
    ["something else, with Basic credentials", { body: { hello: 1 } }, "400 deploy:provider:not_supported"],
    ["no JSON, with Basic credentials", { body: "{" }, "400 deploy:provider:not_supported"],
    ["K-App's, whoever has logged in", { body: DEPLOY }, "200 kapp"],
    ["K-App's in the query", { body: "", query: `?action=deploy&token=${KAPP_TOKEN}` }, "200 kapp"],
    ["a report", { body: REPORT, headers: BEARER }, "202 source"],
    ["a report's keys with K-App's token", { body: { ...REPORT, ...DEPLOY } }, "200 kapp"],
    ["something else without credentials", { body: { hello: 1 }, headers: {} }, "400 request:invalid"],
    ["nothing without credentials", { body: "", headers: {} }, "400 request:invalid"],
  ])("%s", async (_what, sent, expected) => {
    const response = await post(sent);
    expect(await answeredBy(response)).toBe(expected);
  });
});

it("leaves the deploy API its own paths where a source has every path", async () => {
  const everything = await startTestServer({ settings: SETTINGS.replace("path: / }", 'path: "/*" }') });
  try {
    await everything.client.addUser({ name: "dscape", password: PASSWORD });
    const send = (path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
      everything.fetch(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      });
    expect(await answeredBy(await send("/1/deploy", PUSH, BASIC))).toBe("200 deploy github");
    expect(await answeredBy(await send("/1/deploy", PUSH, BEARER))).toBe("401 deploy:auth:bad_creds");
    expect(await answeredBy(await send("/any/other", REPORT, BEARER))).toBe("202 source");
  } finally {
    await everything.close();
  }
});
