// npm run build: what the published package runs, since Node strips no types below node_modules.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

await rm(dist, { recursive: true, force: true });
await execa("tsc", ["--project", "tsconfig.build.json"], { cwd: root, preferLocal: true, stdio: "inherit" });
// Read by src/settings/environment.ts.
const example = "examples/k-app/hookwright.yaml";
await cp(join(root, example), join(dist, example));
