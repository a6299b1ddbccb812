/** Said by steps that GitHub does not let do what they are for without a token. */
export const NO_GITHUB_TOKEN =
  "There is no token for GitHub: set github.token in the settings, or install the App of github.app on the repository";
