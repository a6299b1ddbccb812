import { createReadStream } from "node:fs";
import { AppError } from "../domain/errors.ts";
import { MAX_BYTES } from "./document.ts";
import { displayName, invalidSettings, type Problem } from "./problems.ts";
import { messageOf } from "../lib/message-of.ts";

/** The text of a settings file. Rejects `settings:not_found` when it can't be read, `settings:invalid` when it is no text. */
export async function readSettingsFile(path: string): Promise<string> {
  const bytes = await readBounded(path).catch((error: unknown) => {
    const reason = messageOf(error);
    throw new AppError("settings:not_found", `${displayName(path)} can't be read: ${reason}`);
  });
  if (bytes.length > MAX_BYTES) throw invalidSettings([problem(path, "", "the file is larger than 1 MiB")]);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const [before = ""] = bytes.toString("utf8").split("\uFFFD", 1);
    throw invalidSettings([problem(path, before, "the file is not UTF-8 text")]);
  }
}

/** At most one byte more than a settings file may have, whatever the path leads to. */
async function readBounded(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream: AsyncIterable<Buffer> = createReadStream(path, { end: MAX_BYTES });
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A problem that stands right behind the text `before`. */
function problem(path: string, before: string, message: string): Problem {
  const lines = before.split("\n");
  const column = (lines.at(-1) ?? "").length + 1;
  return { file: displayName(path), line: lines.length, column, key: "", message, suggestion: null };
}
