import { anything, ask, encodePath, type ForgeApi } from "./forge.ts";
import type { StatusState } from "./instruction.ts";

/** https://docs.gitea.com/api/ and https://forgejo.org/docs/latest/user/api-usage/: `POST /repos/{owner}/{repo}/statuses/{sha}`. */
const create = (name: string): ForgeApi => ({
  name,
  async status({ repository, commit, state, context: label, url, description }, context) {
    const { rules, token } = context;
    await ask(
      {
        service: name,
        method: "POST",
        url: `${rules.apiUrl}/repos/${encodePath(repository)}/statuses/${commit}`,
        headers: { authorization: `token ${token}` },
        body: { state: STATES[state], context: label, target_url: url, description },
      },
      anything,
      context,
    );
  },
  deployment: null,
});

const STATES: Readonly<Record<StatusState, string>> = {
  pending: "pending",
  running: "pending",
  success: "success",
  failure: "failure",
  error: "error",
};

export const gitea = create("Gitea");
export const forgejo = create("Forgejo");
