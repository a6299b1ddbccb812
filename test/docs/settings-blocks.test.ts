import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { compileExpression } from "../../src/lib/expressions.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { openSecretStore, secretPlaceOf } from "../../src/settings/secret-store.ts";
import { asVariable } from "../../src/triggers/match.ts";
import { event } from "../triggers/build.ts";
import { allBlocks } from "./pages.ts";

const settings = allBlocks.filter(
  ({ language, text }) => language === "yaml" && /^(?:sources|actions):/m.test(text),
);

const folder = mkdtempSync(join(tmpdir(), "hookwright-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Secrets of the block's environment and files, long enough not to be warned of. */
const SECRET = `whsec_${Buffer.alloc(24, "secret").toString("base64")}`;
const PEM = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs1",
  format: "pem",
});
const valueOf = (name: string): string =>
  name.endsWith("_URL") ? "https://chat.example.com/secret" : SECRET;

async function problemsOf(text: string): Promise<unknown> {
  const stored = openSecretStore({ ...secretPlaceOf(text, folder), env: {} });
  for (const [, names = ""] of text.matchAll(/secret_name: \[?([\w.-]+(?:, [\w.-]+)*)\]?(?=[ ,\n]|$)/gm))
    for (const name of names.split(", ")) await stored.set(name, SECRET);
  for (const [, file = ""] of text.matchAll(/\{ file: \.\/([\w.-]+)(?<!\.enc) \}/g))
    writeFileSync(join(folder, file), file.endsWith(".pem") ? PEM : SECRET, { mode: 0o600 });
  const names = [...text.matchAll(/\$\{([A-Za-z_]\w*)\}/g)].map(([, name = ""]) => name);
  const env = Object.fromEntries(names.map((name) => [name, valueOf(name)]));
  try {
    return parseSettings({ text, file: null, dir: folder, env }).warnings;
  } catch (error) {
    return error instanceof AppError ? error.details["problems"] : error;
  }
}

describe("a settings block of the documentation", () => {
  it("is in each page that explains settings", () => {
    const found = settings.map(({ place }) => place.replace(/:\d+$/, ""));
    expect(found).toEqual(expect.arrayContaining(["README.md", "docs/sources.md", "docs/triggers.md"]));
  });

  it.each(settings)("is valid at $place", async ({ text }) => expect(await problemsOf(text)).toEqual([]));

  it("would be found wrong", async () => {
    expect(await problemsOf(`sources: { app: { kind: githup, secret: ${SECRET} } }`)).toMatchObject([
      { key: "sources.app.kind" },
    ]);
  });
});

const expressions = allBlocks
  .filter(({ language }) => language === "cel")
  .flatMap(({ place, text }) =>
    text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => ({ place, line })),
  );

describe("an expression of the documentation", () => {
  const payload = { number: 7, commits: [], workflow_run: { event: "push" }, release: { prerelease: false } };
  const vars = { event: asVariable(event({ payload, status: "success" })) };

  it("is there", () => expect(expressions.length).toBeGreaterThan(5));

  it.each(expressions)("can be evaluated: $line", ({ line }) => {
    expect(typeof compileExpression(line).evaluate(vars)).toBe("boolean");
  });
});
