// npm run sbom [-- --out FILE]: what is installed with Hookwright, as CycloneDX, from package-lock.json.
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { z } from "zod";
import manifest from "../package.json" with { type: "json" };
import { productionPackages } from "./production-packages.ts";

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "sbom.cdx.json") } } });

const ref = z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) });
const bom = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ name: z.string(), "bom-ref": z.string() }) }),
  components: z.array(z.looseObject({ "bom-ref": z.string(), name: z.string(), version: z.string() })),
  dependencies: z.array(ref),
});

// By the lock file: node_modules lacks what is for other processors and systems. Not with npm's own --omit=dev, which also
// leaves out what both the program and a development package need, such as pg.
const args = ["--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"];
const { stdout } = await execa("npm", ["sbom", ...args], { cwd: root });
const { metadata, components, dependencies, ...rest } = bom.parse(JSON.parse(stdout));

const installed = new Set((await productionPackages(root)).map(({ name, version }) => `${name}@${version}`));
const kept = components.filter(({ name, version }) => installed.has(`${name}@${version}`));
const refs = new Set([metadata.component["bom-ref"], ...kept.map((component) => component["bom-ref"])]);

const made = {
  ...rest,
  // npm takes the folder's name.
  metadata: { ...metadata, component: { ...metadata.component, name: manifest.name } },
  components: kept,
  dependencies: dependencies
    .filter((each) => refs.has(each.ref))
    .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((other) => refs.has(other)) })),
};
const path = resolve(values.out);
await writeFile(path, `${JSON.stringify(made, null, 2)}\n`);
console.log(`wrote ${path}`);
