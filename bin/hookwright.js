#!/usr/bin/env node
// Kept in syntax that old Nodes can read, so that they can say what is wrong.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `hookwright needs Node 24 or later; this is ${process.version}. Start it through npm (npm start, npm run hookwright -- ARGS), which carries its own.`,
  );
  process.exit(1);
}
await import("../src/cli/main.ts");
