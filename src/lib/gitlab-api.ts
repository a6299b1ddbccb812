import { callRest, type RestCaller } from "./rest-api.ts";

export interface GitlabCall {
  /** `https://gitlab.com/api/v4`. */
  readonly apiUrl: string;
  readonly token: string;
  readonly method?: "GET" | "POST";
  /** Below the API's URL: `/projects/ID/hooks`. */
  readonly path: string;
}

/** One call of GitLab's REST API (https://docs.gitlab.com/api/rest/). Rejects RestError. */
export const callGitlab = (
  { apiUrl, token, method = "GET", path }: GitlabCall,
  caller: RestCaller,
): Promise<Response> =>
  callRest(
    {
      service: "GitLab",
      method,
      url: apiUrl.replace(/\/+$/, "") + path,
      headers: { accept: "application/json", authorization: `Bearer ${token}`, "user-agent": "hookwright" },
    },
    caller,
  );
