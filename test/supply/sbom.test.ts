import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { productionPackages } from "../../scripts/production-packages.ts";

const ROOT = join(import.meta.dirname, "../..");

const component = z.object({
  "bom-ref": z.string(),
  name: z.string(),
  version: z.string(),
  purl: z.string(),
  hashes: z.array(z.object({ alg: z.string(), content: z.string().regex(/^[0-9a-f]{128}$/) })).min(1),
  licenses: z.array(z.unknown()).min(1),
});
/** What of https://cyclonedx.org/docs/1.5/json/ is looked at. */
const bom = z.object({
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.string(),
  metadata: z.object({
    component: z.object({
      name: z.string(),
      version: z.string(),
      type: z.string(),
      purl: z.string(),
      "bom-ref": z.string(),
    }),
  }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

let dir: string;
let made: z.infer<typeof bom>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-sbom-"));
  const out = join(dir, "sbom.json");
  await execa(process.execPath, ["scripts/sbom.ts", "--out", out], { cwd: ROOT, preferLocal: true });
  made = bom.parse(JSON.parse(await readFile(out, "utf8")));
});
afterAll(() => rm(dir, { recursive: true }));

describe("the bill of materials", () => {
  it("is about this version of Hookwright", () => {
    const { name, version } = manifest;
    expect(made.metadata.component).toMatchObject({
      name,
      version,
      type: "application",
      purl: `pkg:npm/${name}@${version}`,
    });
  });

  it("has each package that is installed with it, with its hash and licence, and no other", async () => {
    const ids = (list: readonly { name: string; version: string }[]): string[] =>
      [...new Set(list.map(({ name, version }) => `${name}@${version}`))].sort();
    expect(ids(made.components)).toEqual(ids(await productionPackages(ROOT)));
    const direct = Object.keys(manifest.dependencies);
    expect(made.components.map(({ name }) => name)).toEqual(expect.arrayContaining(direct));
  });

  it("has no reference to what it does not have", () => {
    const refs = made.dependencies.map(({ ref }) => ref).sort();
    const own = made.metadata.component["bom-ref"];
    expect(refs).toEqual([own, ...made.components.map((each) => each["bom-ref"])].sort());
    const missing = made.dependencies
      .flatMap(({ dependsOn }) => dependsOn)
      .filter((each) => !refs.includes(each));
    expect(missing).toEqual([]);
  });
});
