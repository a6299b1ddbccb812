import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { KeyPath, Report } from "./problems.ts";
import type { SecretInput } from "./fields.ts";
import { messageOf } from "../lib/message-of.ts";

/** Resolves values from files, and remembers every secret for masking. */
export interface SecretReader {
  /** The value, or null when it can't be had (then that has been reported). */
  read(value: SecretInput, path: KeyPath): string | null;
  /** Adds a value that is probably secret. Short ones are not: hiding each `true` would make logs unreadable. */
  suspect(value: string): void;
  readonly values: readonly string[];
  /** Absolute paths of the files that were read. */
  readonly files: readonly string[];
}

export interface SecretReaderOptions {
  /** Relative paths start here. */
  readonly dir: string;
  readonly report: Report;
  readonly warn: Report;
  /** A secret that is kept by its name; null when there is none. Throws AppError `secrets:unreadable`. */
  readonly stored: (name: string) => string | null;
}

const MIN_SUSPECT = 6;

export function createSecretReader({ dir, report, warn, stored }: SecretReaderOptions): SecretReader {
  const values = new Set<string>();
  const files = new Set<string>();

  function add(value: string): void {
    values.add(value);
    const password = passwordIn(value);
    if (password !== null) values.add(password).add(decode(password));
  }

  function readOne(value: SecretInput, path: KeyPath): string | null {
    if (typeof value === "string") return value;
    if ("secretName" in value) return readStored(value.secretName, path);
    const file = resolve(dir, value.file);
    files.add(file);
    return readSecretFile(file, { path, report, warn });
  }

  function readStored(name: string, path: KeyPath): string | null {
    try {
      const value = stored(name);
      if (value !== null) return value;
      report({ path, message: `there is no secret ${name}; keep one with: hookwright secrets set ${name}` });
    } catch (error) {
      report({ path, message: messageOf(error) });
    }
    return null;
  }

  return {
    read(value, path) {
      const secret = readOne(value, path);
      if (secret === null) return null;
      if (secret === "") {
        report({ path, message: "the secret is empty" });
        return null;
      }
      add(secret);
      return secret;
    },
    suspect(value) {
      if (value.length >= MIN_SUSPECT) add(value);
    },
    get values() {
      return [...values];
    },
    get files() {
      return [...files];
    },
  };
}

const SECRET_NAME =
  /(?:TOKEN|SECRET|PASS|PASSWORD|PASSWD|PASSPHRASE|KEY|CREDENTIAL|AUTH|DATABASE_URL|DSN|WEBHOOK_URL)S?(?:_?\d+)?(?:_BASE64)?$/i;

/** Whether a variable or key of this name probably holds a secret. */
export const soundsSecret = (name: string): boolean => SECRET_NAME.test(name);

/** The password of a URL as it stands there, or null. */
export function passwordIn(text: string): string | null {
  const [, password = ""] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@:]*:([^/?#]+)@/i.exec(text) ?? [];
  return password === "" ? null : password;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface FileInput extends Pick<SecretReaderOptions, "report" | "warn"> {
  /** Where the map with the key `file` stands. */
  readonly path: KeyPath;
}

/** Larger than any key or certificate; a path that leads elsewhere should not fill the memory. */
const MAX_BYTES = 65_536;
const OTHERS_MAY_READ = 0o004;

function readSecretFile(file: string, { path, report, warn }: FileInput): string | null {
  const at = [...path, "file"];
  try {
    const { mode, size, isFile } = inspect(file);
    if (!isFile) throw new Error(`${file} is not a file`);
    if (size > MAX_BYTES) throw new Error(`${file} is larger than 64 KiB, so it holds no secret`);
    if ((mode & OTHERS_MAY_READ) !== 0) {
      warn({ path: at, message: `every account of this machine can read ${file}: chmod o-r` });
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)).replace(/\r?\n$/, "");
  } catch (error) {
    report({ path: at, message: `the file can't be read: ${reasonOf(error, file)}` });
    return null;
  }
}

function inspect(file: string): { mode: number; size: number; isFile: boolean } {
  const stats = statSync(file);
  return { mode: stats.mode, size: stats.size, isFile: stats.isFile() };
}

function reasonOf(error: unknown, file: string): string {
  if (error instanceof TypeError) return `${file} is not UTF-8 text`;
  return messageOf(error);
}
