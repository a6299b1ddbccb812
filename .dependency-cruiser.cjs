// Which folder may import which (docs/adr/0002-import-table.md). test/architecture.test.ts proves that it refuses.

/** Folder of src → what it may import beside itself, as regular expressions of paths. */
const MAY_IMPORT = {
  domain: [],
  lib: [],
  settings: [
    "src/domain/",
    "src/lib/",
    "src/(sources|steps)/(registry|source|step)\\.ts",
    "src/outbound/(registry|kind|endpoint|retry)\\.ts",
    "src/triggers/check-rule\\.ts",
  ],
  sources: ["src/domain/", "src/lib/"],
  senders: ["src/domain/", "src/lib/", "src/sources/"],
  triggers: ["src/domain/", "src/lib/"],
  steps: ["src/domain/", "src/lib/"],
  storage: ["src/domain/", "src/lib/"],
  outbound: ["src/domain/", "src/lib/", "src/storage/(store|audit-calls)\\.ts"],
  queue: ["src/domain/", "src/lib/", "src/storage/(store|job-names)\\.ts"],
  usecases: [
    "src/(domain|lib|triggers)/",
    "src/storage/(store|auditor|audit-calls)\\.ts",
    "src/queue/queue\\.ts",
    "src/(sources|steps)/(registry|source|step)\\.ts",
    "src/settings/settings\\.ts",
    "src/outbound/(attempt|endpoint|outbound|traces|wanted|kinds/jobserv|reports/(deliver|make-reports))\\.ts",
  ],
  relay: ["src/domain/", "src/lib/"],
  accounts: ["src/domain/", "src/lib/", "src/storage/(store|auditor|audit-calls)\\.ts"],
  http: [
    "src/(domain|lib|usecases|accounts)/",
    "src/client/(schemas|requests|audit)(\\.ts|/)",
    "src/settings/settings\\.ts",
    "src/storage/(store|auditor|audit-calls)\\.ts",
    "src/sources/source\\.ts",
    "package\\.json",
  ],
  compose: ["src/(?!cli/|main\\.ts)"],
  client: ["src/domain/"],
  cli: ["src/(domain|lib|client|settings|relay|senders)/", "package\\.json"],
};

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `imports-of-${folder}`,
  severity: "error",
  comment: `src/${folder} imports what docs/adr/0002-import-table.md does not allow`,
  from: { path: `^src/${folder}/`, ...(folder === "cli" && { pathNot: "^src/cli/serve\\.ts$" }) },
  to: { path: "^(src/|package\\.json)", pathNot: [`^src/${folder}/`, ...allowed.map((path) => `^${path}`)] },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: "known-folders-only",
      severity: "error",
      comment: "A new folder of src needs a line in the table above",
      from: { path: "^src/", pathNot: [`^src/(${Object.keys(MAY_IMPORT).join("|")})/`, "^src/main\\.ts$"] },
      to: { path: ".*" },
    },
    {
      name: "imports-of-web",
      severity: "error",
      comment: "The dashboard is one more client of the API: it knows of the server what src/client tells",
      from: { path: "^web/" },
      to: { path: "^(src|test|bench|scripts)/", pathNot: "^src/client/" },
    },
    {
      name: "src-without-web",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^web/" },
    },
    {
      name: "main-is-the-root",
      severity: "error",
      comment: "Only cli/serve.ts, the tests and the benchmarks start from main.ts",
      from: { path: "^src/", pathNot: "^src/cli/serve\\.ts$" },
      to: { path: "^src/main\\.ts$" },
    },
    {
      name: "compose-is-of-main",
      severity: "error",
      comment: "What puts a server together is for main.ts alone",
      from: { path: "^(src|bench)/", pathNot: "^src/(compose/|main\\.ts$)" },
      to: { path: "^src/compose/" },
    },
    {
      name: "main-without-cli",
      severity: "error",
      from: { path: "^src/main\\.ts$" },
      to: { path: "^src/cli/" },
    },
    {
      name: "siblings-know-nothing-of-each-other",
      severity: "error",
      comment: "A source, sender or step kind imports no other kind; what they share is in common/ or lib/",
      from: {
        path: "^src/(sources|steps|senders)/[^/]+\\.ts$",
        pathNot: "/(registry|source|step|sender)\\.ts$",
      },
      to: { path: "^src/$1/[^/]+\\.ts$", pathNot: "/(source|step|sender)\\.ts$" },
    },
    {
      name: "endpoint-kinds-know-nothing-of-each-other",
      severity: "error",
      from: { path: "^src/outbound/kinds/" },
      to: { path: "^src/outbound/kinds/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "nothing-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-dev-packages-in-src",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "src-without-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".tsx", ".js", ".json"],
    },
  },
};
