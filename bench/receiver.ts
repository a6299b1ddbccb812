// The real server with receiving alone: what it stores is left waiting, so that running it takes nothing from the measure.
import { startServer } from "../src/main.ts";

await import("../bin/v8-flags.js");
const [settingsFile = ""] = process.argv.slice(2);
await startServer({ settingsFile, signals: true, work: false });
