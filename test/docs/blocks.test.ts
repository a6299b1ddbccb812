import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { openapiDocument } from "../../scripts/openapi.ts";
import { allBlocks, pages, readPage } from "./pages.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whatever else is checked of them is in settings-blocks.test.ts (yaml, cel) and cli.test.ts (calls of hookwright). */
const LANGUAGES = new Set([
  "bash",
  "sh",
  "json",
  "yaml",
  "cel",
  "text",
  "mermaid",
  "caddy",
  "nginx",
  "ini",
  "dockerfile",
]);

describe("a block of the documentation", () => {
  it("is of a language that some test looks at, or that is for reading only", () => {
    const others = allBlocks.filter(({ language }) => !LANGUAGES.has(language));
    expect(others.map(({ place, language }) => `${place}: \`\`\`${language}`)).toEqual([]);
  });

  it.each(allBlocks.filter(({ language }) => language === "json"))("is JSON at $place", ({ text }) => {
    expect(() => void JSON.parse(text)).not.toThrow();
  });

  it.each(allBlocks.filter(({ language }) => language === "yaml"))("is YAML at $place", ({ text }) => {
    expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
  });
});

/** What readers are expected to have, or are told how to get. */
const PROGRAMS = new Set(
  `apt apt-get argocd awk cat cd chmod chown cp createdb createuser curl date docker echo exec export find fioctl flux git head
  grep hookwright install jq kill wait true journalctl kubectl mkdir mv nginx node npm npx openssl pg_dump pg_restore printf psql rm runuser sed
  sleep source ssh sudo systemctl systemd-analyze tail tee test useradd webhook caddy createkey gh kustomize sh`.split(
    /\s+/,
  ),
);

interface Line {
  readonly place: string;
  readonly line: string;
}

/** Commands of shell blocks, one for each program that is called; here-documents and comments are left out. */
const lines: readonly Line[] = allBlocks
  .filter(({ language }) => language === "bash" || language === "sh")
  .flatMap(({ place, text }) =>
    text
      .replaceAll(/<<-?'?(\w+)'?[^\n]*\n.*?^\1$/gms, "")
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .map((line) => ({ place, line: line.replace(/(^|\s)#.*$/, "").trim() }))
      .filter(({ line }) => line !== ""),
  );

/** The programs that a line calls: the first word of each part of it. */
const KEYWORDS = /^(?:(?:until|while|do|then|if|else|\(|\{) +)+/;
const NO_PROGRAM = new Set(["done", "fi", "}", ")", "exit", "return"]);

const programsOf = (line: string): string[] =>
  line
    .replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, "''")
    .replaceAll(/\$\([^)]*\)/g, "''")
    .split(/\|\|?|&&?|;|<\(/)
    .map((part) =>
      part
        .trim()
        .replace(KEYWORDS, "")
        .replace(/^(?:\w+=\S*\s+)+/, ""),
    )
    .map((part) => part.split(/\s/)[0] ?? "")
    .filter((word) => word !== "" && !/^\w+=/.test(word) && !NO_PROGRAM.has(word));

/** Functions that a page's lines define. */
const defined = new Set(
  allBlocks.flatMap(({ text }) =>
    [...text.matchAll(/^(\w+)\(\) *\{/gm)].flatMap(([, name = ""]) => [name, `${name}()`]),
  ),
);

const scripts = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).scripts;

const document = z
  .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .parse(await openapiDocument());

/** The compatible APIs have no place in the document: see wire tests. */
const COMPATIBLE: readonly RegExp[] = [
  /^POST \/$/,
  /^POST \/1\/(?:deploy|auth\/github)$/,
  /^GET \/1\/status\/[^/]+\/(?:webhooks|changes)(?:\/[^/]+)?$/,
  /^POST \/hooks\/[\w/-]+$/,
  /^GET \/(?:healthz|readyz|metrics)$/,
];
const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map(
    (method) => new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
  ),
);

describe("a line for the shell", () => {
  it("is found", () => expect(lines.length).toBeGreaterThan(60));

  it("calls what readers have: another program goes into the list of this test", () => {
    const unknown = lines.flatMap(({ place, line }) =>
      programsOf(line)
        .filter(
          (program) =>
            !PROGRAMS.has(program) &&
            !defined.has(program) &&
            !program.startsWith("/") &&
            !existsSync(join(root, program)),
        )
        .map((program) => `${place}: ${program} (${line})`),
    );
    expect(unknown).toEqual([]);
  });

  it("runs scripts that package.json has", () => {
    const called = lines.flatMap(({ place, line }) =>
      [...line.matchAll(/\bnpm run (?:--silent |-s )?([\w:-]+)/g)].map(([, script = ""]) => ({
        place,
        script,
      })),
    );
    expect(called.length).toBeGreaterThan(3);
    expect(called.filter(({ script }) => !(script in scripts))).toEqual([]);
  });

  it("asks for paths that the server has", () => {
    const asked = lines.flatMap(({ place, line }) => {
      if (!/^(?:\w+=\S+ )*curl /.test(line)) return [];
      const [, path = null] =
        /(?:\$HW|https?:\/?\/(?:hooks\.example\.com|127\.0\.0\.1:\d+|localhost:\d+|webhooks\.nodejitsu\.com))(\/[^\s"'?\\]*)/.exec(
          line,
        ) ?? [];
      const method =
        /-X (\w+)/.exec(line)?.[1] ?? (/ (?:-d|--data\S*|--json) /.test(`${line} `) ? "POST" : "GET");
      return path === null ? [] : [{ place, call: `${method} ${path}` }];
    });
    expect(asked.length).toBeGreaterThan(10);
    const unknown = asked.filter(({ call }) =>
      [...documented, ...COMPATIBLE].every((pattern) => !pattern.test(call)),
    );
    expect(unknown).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "")
    .replaceAll(" ", "-");

const withoutBlocks = (text: string): string => text.replaceAll(/^ *```.*?^ *```$/gms, "");
const anchorsOf = (page: string): Set<string> =>
  new Set(
    [...withoutBlocks(readPage(page)).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title)),
  );

const links = pages.flatMap((page) =>
  [
    ...withoutBlocks(readPage(page))
      .replaceAll(/`[^`\n]*`/g, "")
      .matchAll(/\]\((?!\w+:)([^)\s]*)\)/g),
  ].map(([, target = ""]) => ({ page, target })),
);

describe("a link of the documentation", () => {
  it("is found", () => expect(links.length).toBeGreaterThan(100));

  it("leads to a file, and to a heading that it has", () => {
    const broken = links.filter(({ page, target }) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).has(anchor);
    });
    expect(broken.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
  });
});
