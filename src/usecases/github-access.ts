import type { GithubSettings } from "../settings/settings.ts";
import type { Services } from "./services.ts";

export interface AccessCaller {
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/**
 * What the settings give for GitHub's API on a repository (`owner/name`): their token, or one of their App's; null: there is
 * none. Rejects GithubError.
 */
export async function githubToken(
  { installationTokens }: Pick<Services, "installationTokens">,
  { token, app, apiUrl }: GithubSettings,
  repository: string,
  caller: AccessCaller,
): Promise<string | null> {
  if (token !== null || app === null) return token;
  const found = await installationTokens.of({ app, apiUrl, repository }, caller);
  if (found === null) caller.log(`The GitHub App ${app.id} is not installed on ${repository}`);
  return found;
}
