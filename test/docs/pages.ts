import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`);

/** Every page that people read, but what is generated. */
export const pages: readonly string[] = [
  ...readdirSync(root),
  ...below("docs").filter((name) => !/^docs\/(?:reference|\.vitepress)\//.test(name)),
  ...below("examples"),
].filter((name) => name.endsWith(".md"));

export const readPage = (page: string): string => readFileSync(join(root, page), "utf8");

/** A fenced block, without the indentation that a list gives it. */
export interface Block {
  /** `docs/sources.md:12` */
  readonly place: string;
  /** Empty where none is given. */
  readonly language: string;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^( *)```([^\n]*)\n(.*?)^ *```$/gms)].map(
    ([, indent = "", language = "", body = ""], index, all) => ({
      place: `${page}:${text.slice(0, all[index]?.index).split("\n").length}`,
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

/** The calls of curl in a text, each with the lines that it goes on over. */
export const curlLines = (text: string): string[] =>
  [...text.matchAll(/^curl (?:[^\n]*\\\n)*[^\n]*$/gm)].map(([line]) => line);

export const allBlocks: readonly Block[] = pages.flatMap(blocksOf);
