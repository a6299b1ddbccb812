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
// Where src/http/routes/dashboard.ts looks for it.
await execa(process.execPath, [join(root, "scripts/build-web.ts")], { stdio: "inherit" });
await cp(join(root, "web/dist"), join(dist, "web/dist"), { recursive: true });
