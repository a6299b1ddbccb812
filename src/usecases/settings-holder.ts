import type { Settings } from "../settings/settings.ts";
import type { Store } from "../storage/store.ts";

/** The settings in force, and earlier ones that tasks were accepted under. */
export interface SettingsHolder {
  current(): Settings;
  /** Stores the text (by `save`, where it is given), then makes these the settings in force. */
  replace(settings: Settings, save?: SaveSettings): Promise<void>;
  /** Settings by digest; null when their text is not known or can no longer be read (a secret's file is gone). */
  at(digest: string): Promise<Settings | null>;
}

export type SaveSettings = Store["saveSettings"];

export interface SettingsHolderOptions {
  readonly store: Pick<Store, "saveSettings" | "getSettings">;
  readonly initial: Settings;
  /** Parses an earlier text of the same file. */
  readonly parse: (text: string) => Settings;
  readonly now: () => Date;
}

export function createSettingsHolder({ store, initial, parse, now }: SettingsHolderOptions): SettingsHolder {
  const earlier = new Map<string, Promise<Settings | null>>();
  let current = initial;

  async function read(digest: string): Promise<Settings | null> {
    const text = await store.getSettings(digest);
    if (text === null) return null;
    try {
      return parse(text);
    } catch {
      return null;
    }
  }

  return {
    current: () => current,
    async replace(settings, save = store.saveSettings) {
      await save({
        digest: settings.digest,
        text: settings.text,
        now: now().toISOString(),
      });
      earlier.set(current.digest, Promise.resolve(current));
      current = settings;
    },
    at(digest) {
      if (digest === current.digest) return Promise.resolve(current);
      const known = earlier.get(digest) ?? read(digest);
      earlier.set(digest, known);
      known.catch(() => earlier.delete(digest));
      return known;
    },
  };
}
