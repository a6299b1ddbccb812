const manifest = { name: "hello-world", version: "1.0.0", scripts: { start: "node server.js" } };

/** The files of a small app that npm installs and starts without asking anybody: it needs no package. */
export const npmApp = (server: string): Record<string, string> => ({
  "package.json": JSON.stringify(manifest),
  "package-lock.json": JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { "": manifest } }),
  "server.js": server,
});
