import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { formatPath, type KeyPath, type Report } from "./problems.ts";
import type { SecretInput } from "./fields.ts";

/** Shorter ones can be guessed. */
const SHORT = 16;

/** Resolves values from files, and remembers every secret for masking. */
export interface SecretReader {
  /** The value, or null when it can't be had (then that has been reported). */
  read(value: SecretInput, path: KeyPath): string | null;
  /** Adds a value that must not be shown, found otherwise. */
  remember(value: string): void;
  readonly values: readonly string[];
}

export interface SecretReaderOptions {
  /** Relative paths start here. */
  readonly dir: string;
  readonly report: Report;
  readonly warn: Report;
}

export function createSecretReader({ dir, report, warn }: SecretReaderOptions): SecretReader {
  const values = new Set<string>();

  function fromFile(file: string, path: KeyPath): string | null {
    try {
      return readFileSync(resolve(dir, file), "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      report({ path: [...path, "file"], message: `the file can't be read: ${reason}` });
      return null;
    }
  }

  return {
    read(value, path) {
      const secret = typeof value === "string" ? value : fromFile(value.file, path);
      if (secret === null) return null;
      if (secret === "") {
        report({ path, message: "the secret is empty" });
        return null;
      }
      if (secret.length < SHORT) {
        const message = `the secret has only ${secret.length} characters; make one with \`openssl rand -hex 32\``;
        warn({ path, message: `${formatPath(path)}: ${message}` });
      }
      values.add(secret);
      return secret;
    },
    remember: (value) => void values.add(value),
    get values() {
      return [...values];
    },
  };
}
