import { existsSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";
import { validate, ValidationSeverity } from "dockerfile-utils";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectArguments, readText, root } from "./container-files.ts";

const problemsOf = (text: string): readonly unknown[] =>
  validate(text, { deprecatedMaintainer: ValidationSeverity.ERROR }).map(({ message }) => message);

const manifest = z.object({
  files: z.array(z.string()).optional(),
  dependencies: z.record(z.string(), z.string()),
});

describe("the Dockerfile", () => {
  let text: string;
  let lines: readonly { readonly instruction: string; readonly args: string }[];
  const argsOf = (instruction: string): readonly string[] =>
    lines.filter((line) => line.instruction === instruction).map(({ args }) => args);

  beforeAll(async () => {
    text = await readText("Dockerfile");
    lines = DockerfileParser.parse(text)
      .getInstructions()
      .map((each) => ({ instruction: each.getKeyword(), args: each.getArgumentsContent() ?? "" }));
  });

  it("has no fault, and one would be found", () => {
    expect(problemsOf(text)).toEqual([]);
    expect(problemsOf(text.replace("EXPOSE 8080", "EXPOSED 8080"))).toHaveLength(1);
  });

  it("runs on the Node that the project is for", async () => {
    const { dependencies } = manifest.parse(JSON.parse(await readText("package.json")));
    const major = /\d+/.exec(dependencies["node"] ?? "")?.[0];
    expect(argsOf("FROM")).toHaveLength(2);
    for (const image of argsOf("FROM")) expect(image).toMatch(new RegExp(`^node:${major}-\\w+-slim\\b`));
  });

  it("copies what is there, and lets the build see nothing else", async () => {
    const local = argsOf("COPY").filter((args) => !args.startsWith("/"));
    const sources = local.flatMap((args) => args.split(" ").slice(0, -1));
    expect(sources).toContain("src");
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const visible = (await readText(".dockerignore")).split("\n").filter((line) => line.startsWith("!"));
    expect(visible.map((line) => line.slice(1)).toSorted()).toEqual([...new Set(sources)].toSorted());
  });

  it("ends as an account that is not root, and keeps no package lists", () => {
    expect(argsOf("USER").at(-1)).toBe("node");
    expect(argsOf("RUN").filter((args) => args.includes("apt-get install"))).toEqual([
      expect.stringMatching(/--no-install-recommends[^]*rm -rf \/var\/lib\/apt\/lists/),
    ]);
  });

  it("starts what `hookwright` knows", async () => {
    const command = z.array(z.string()).parse(JSON.parse(argsOf("CMD").at(-1) ?? ""));
    await expectArguments(command);
    expect(argsOf("ENTRYPOINT")).toEqual([expect.stringContaining("/bin/hookwright.js")]);
  });
});
