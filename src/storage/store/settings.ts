/** Settings that tasks were accepted under. See Store. */
export interface SettingsStore {
  /** Keeps a settings text, so that a task can be recovered by the settings it started with. */
  saveSettings(input: {
    readonly digest: string;
    readonly text: string;
    readonly now: string;
  }): Promise<void>;
  getSettings(digest: string): Promise<string | null>;
}
