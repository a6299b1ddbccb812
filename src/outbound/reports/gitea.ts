import { encodePath } from "../../lib/encode-path.ts";
import { anything, ask, type ForgeApi, GITHUB_STATES } from "./forge.ts";

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
        body: { state: GITHUB_STATES[state], context: label, target_url: url, description },
      },
      anything,
      context,
    );
  },
  deployment: null,
});

export const gitea = create("Gitea");
export const forgejo = create("Forgejo");
