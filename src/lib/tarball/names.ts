import { posix } from "node:path";

/** What is wrong with an archive, by a word that is stable. */
export type TarballFault =
  | "malformed"
  | "too_large"
  | "too_many_files"
  | "ratio"
  | "unsafe_path"
  | "unsafe_link"
  | "unsupported_entry"
  | "empty"
  | "write";

/** An archive is not unpacked; the message says why, for people. */
export class TarballError extends Error {
  override readonly name = "TarballError";
  readonly fault: TarballFault;

  constructor(fault: TarballFault, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.fault = fault;
  }
}

const MAX_PATH = 4_096;
const MAX_PART = 255;

/** The parts of an entry's path. Throws TarballError `unsafe_path` for one that could lead anywhere else. */
export function partsOf(name: string): string[] {
  const unsafe = (why: string): TarballError =>
    new TarballError("unsafe_path", `The archive has the path ${shown(name)}, which ${why}`);
  if (name.startsWith("/")) throw unsafe("is absolute");
  if (name.includes("\0")) throw unsafe("holds a NUL");
  if (name.length > MAX_PATH) throw unsafe("is too long");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe("leads out of the archive");
  if (parts.some((part) => Buffer.byteLength(part) > MAX_PART)) throw unsafe("has a part that is too long");
  return parts;
}

/**
 * Throws TarballError `unsafe_link` unless the target stays in the tree whatever else is in there: it is relative, `..` stands
 * at its beginning only (behind another link it would lead elsewhere than it seems), and it does not climb above the root.
 */
export function checkLink(parts: readonly string[], target: string): void {
  const path = parts.join("/");
  const unsafe = (why: string): TarballError =>
    new TarballError(
      "unsafe_link",
      `The archive has the link ${shown(path)} to ${shown(target)}, which ${why}`,
    );
  if (target === "" || target.includes("\0")) throw unsafe("is no path");
  if (target.length > MAX_PATH) throw unsafe("is too long");
  if (posix.isAbsolute(target)) throw unsafe("is absolute");
  const steps = target.split("/").filter((part) => part !== "" && part !== ".");
  const climbs = steps.findIndex((part) => part !== "..");
  const up = climbs === -1 ? steps.length : climbs;
  if (steps.slice(up).includes("..")) throw unsafe("goes up behind a name");
  if (up > parts.length - 1) throw unsafe("leads out of the archive");
}

/** For messages: an archive chooses its names. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text);
