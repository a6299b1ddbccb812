/** What a user has entrusted to us: tokens of theirs at GitHub. */
export interface Pairings {
  /**
   * Checks the token with GitHub, and keeps it encrypted. `app` null: for everything of the user; else for that app alone.
   * Rejects `auth:github:github_pairing_failed`, `auth:github:update_user_failed`.
   */
  pair(input: PairInput): Promise<void>;
  /** For fetching what the user deploys; null where they gave none for that. Those of single apps are not for it. */
  repositoryToken(user: string): Promise<string | null>;
  /** At the start of a server: see PairingVault. Never rejects. */
  settle(): Promise<void>;
  /** For telling GitHub of deployments of an app: that of the app, or else that of the user. */
  reportToken(user: string, app: string): Promise<string | null>;
}

export interface PairInput {
  readonly user: string;
  readonly app: string | null;
  readonly login: string;
  readonly token: string;
}
