import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readBody } from "./github-dispatches.ts";

export interface FakeAppOptions {
  readonly id?: string;
  /** `owner/name` of the repositories that it is installed on. */
  readonly installedOn: readonly string[];
  /** GitHub's are good for an hour. */
  readonly lifeMs?: number;
  readonly now?: () => Date;
}

/** A GitHub App and what GitHub's API answers it; the other fakes of GitHub take one along. */
export interface FakeApp {
  readonly id: string;
  readonly privateKey: string;
  /** In their order, each with the one repository that it is good for. */
  readonly issued: readonly { readonly token: string; readonly repository: string }[];
  /** Answers what an App asks for itself; false: that was something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Whether a token of an installation is good for a path of the API. */
  takes(token: string, path: string): boolean;
  revoke(token: string): void;
}

const claimsSchema = z.object({ iss: z.string(), iat: z.int(), exp: z.int() });
const bodySchema = z.object({ repositories: z.array(z.string()).optional() });
const INSTALLATION = 4711;

/**
 * https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app and
 * #create-an-installation-access-token-for-an-app. The App's own token (RS256) is really verified.
 */
export function createFakeApp(options: FakeAppOptions): FakeApp {
  const { id = "12345", installedOn, lifeMs = 3_600_000, now = () => new Date() } = options;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const issued: { readonly token: string; readonly repository: string; readonly expiresAt: number }[] = [];
  const revoked = new Set<string>();

  function refusal(authorization: string): string | null {
    const [header = "", claims = "", signature = ""] = authorization.replace(/^bearer /i, "").split(".");
    const content = Buffer.from(`${header}.${claims}`);
    const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
    if (!verify("RSA-SHA256", content, key, Buffer.from(signature, "base64url"))) {
      return "A JSON web token could not be decoded";
    }
    const { iss, iat, exp } = claimsSchema.parse(JSON.parse(Buffer.from(claims, "base64url").toString()));
    const seconds = now().getTime() / 1_000;
    if (iss !== id) return "'Issuer' claim ('iss') must be an Integer or the client ID";
    if (iat > seconds) return "'Issued at' claim ('iat') must be an Integer representing a time in the past";
    if (exp < seconds || exp > seconds + 600)
      return "'Expiration time' claim ('exp') is too far in the future";
    return null;
  }

  async function issue(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { repositories } = bodySchema.parse(JSON.parse((await readBody(request)) || "{}"));
    const [wanted = ""] = repositories ?? [];
    const repository = installedOn.find((each) => each.endsWith(`/${wanted}`));
    if (repositories?.length !== 1 || repository === undefined) {
      return send(response, 422, {
        message: "There is at least one repository that does not exist or is not accessible",
      });
    }
    const token = `ghs_${issued.length + 1}`;
    const expiresAt = now().getTime() + lifeMs;
    issued.push({ token, repository, expiresAt });
    const expires = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z");
    return send(response, 201, {
      token,
      expires_at: expires,
      permissions: {},
      repository_selection: "selected",
    });
  }

  return {
    id,
    privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    issued,
    answer(request, response) {
      const { method, url: path = "" } = request;
      const [, asked] = /^\/repos\/([^/]+\/[^/]+)\/installation$/.exec(path) ?? [];
      const issues = method === "POST" && path === `/app/installations/${INSTALLATION}/access_tokens`;
      if (asked === undefined && !issues) return false;
      const refused = refusal(request.headers.authorization ?? "");
      if (refused !== null) send(response, 401, { message: refused });
      else if (issues) void issue(request, response);
      else if (installedOn.includes(asked ?? "")) send(response, 200, { id: INSTALLATION, app_slug: "fake" });
      else send(response, 404, { message: "Not Found" });
      return true;
    },
    takes: (token, path) =>
      !revoked.has(token) &&
      issued.some(
        (each) =>
          each.token === token &&
          path.startsWith(`/repos/${each.repository}/`) &&
          each.expiresAt > now().getTime(),
      ),
    revoke: (token) => void revoked.add(token),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}
