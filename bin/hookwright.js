#!/usr/bin/env node
// Kept in syntax that old Nodes can read, so that they can say what is wrong.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `hookwright needs Node 24 or later; this is ${process.version}. Start it through npm (npm start, npm run hookwright -- ARGS), which carries its own.`,
  );
  process.exit(1);
}
await import("./v8-flags.js");
// Compiled once: without this every start strips the types anew, which takes 200 ms and leaves 40 MB behind. In a folder that
// only whoever installed this can write to; where that is somebody else, there is just no cache.
const { default: nodeModule } = await import("node:module");
const { fileURLToPath } = await import("node:url");
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL("../node_modules/.cache/hookwright/", import.meta.url),
);
nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE);
// The published package has the compiled program alone: Node strips no types below node_modules.
const { existsSync } = await import("node:fs");
const isClone = existsSync(new URL("../src/cli/main.ts", import.meta.url));
await import(isClone ? "../src/cli/main.ts" : "../dist/src/cli/main.js");
