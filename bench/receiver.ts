// The real server with receiving alone: what it stores is left waiting, so that running it takes nothing from the measure.
import "../bin/v8-flags.js";
import { startServer } from "../src/main.ts";

const [settingsFile = ""] = process.argv.slice(2);
await startServer({ settingsFile, signals: true, work: false });
