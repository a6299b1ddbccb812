import { callRest, RestError, type RestCall, type RestCaller } from "./rest-api.ts";

export interface GithubCall {
  /** `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  readonly token: string;
  /** Encoded: `/repos/o/r/dispatches`. */
  readonly path: string;
  readonly body?: unknown;
  /** Beside those of every call, lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type GithubCaller = RestCaller;

/** GitHub said no, or could not be asked; the message has its own words. */
export { RestError as GithubError };

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";

/** POSTs to GitHub's REST API; see callRest. GitHub has no key to tell a repetition by. */
export const postToGithub = (call: GithubCall, caller: GithubCaller): Promise<Response> =>
  callRest(toRest("POST", call), caller);

/** GETs from GitHub's REST API; see callRest. */
export const getFromGithub = (call: GithubCall, caller: GithubCaller): Promise<Response> =>
  callRest(toRest("GET", call), caller);

const toRest = (
  method: RestCall["method"],
  { apiUrl, token, path, body, headers }: GithubCall,
): RestCall => ({
  service: "GitHub",
  method,
  url: apiUrl.replace(/\/+$/, "") + path,
  body,
  headers: {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token}`,
    "user-agent": "hookwright",
    "x-github-api-version": API_VERSION,
    ...(body !== undefined && { "content-type": "application/json; charset=utf-8" }),
    ...headers,
  },
});
