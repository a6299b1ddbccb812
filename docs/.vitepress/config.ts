import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { linkedFiles, markdown } from "./markdown.ts";
import { copyOf, isFile, pageOf, ROOT } from "./places.ts";
import { sidebar } from "./sidebar.ts";

const icon = await readFile(join(ROOT, "web/src/icon.svg"), "base64");

/** What people give to other programs, whether a page links to it or not. */
const OFFERED = ["openapi.json", "settings.schema.json", "hookwright.1"].map(
  (name) => `docs/reference/${name}`,
);

export default defineConfig({
  title: "Hookwright",
  description: "A self-hosted server that turns webhooks into deployments.",
  lang: "en-GB",
  // Pages of the repository's root, and of the examples, belong to the site too; see places.ts.
  srcDir: "..",
  srcExclude: [
    "README.md",
    "{src,test,bench,scripts,web,bin,dist,site,data,demo,coverage}/**",
    "**/.vitepress/**",
  ],
  rewrites: pageOf,
  outDir: "../site",
  cacheDir: "../node_modules/.cache/vitepress",
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `data:image/svg+xml;base64,${icon}` }]],
  markdown,
  themeConfig: {
    sidebar,
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Getting started", link: "/getting-started" },
      { text: "Tutorials", link: "/tutorials/" },
      { text: "Settings", link: "/reference/settings" },
      { text: "API", link: "/api" },
      { text: "Changelog", link: "/changelog" },
    ],
  },
  async buildEnd({ outDir }) {
    for (const file of [...OFFERED, ...linkedFiles]) await cp(join(ROOT, file), join(outDir, copyOf(file)));
  },
  vite: {
    plugins: [
      {
        // `docs:dev` has no folder to copy to.
        name: "linked-files",
        configureServer({ middlewares }) {
          middlewares.use((request, response, next) => {
            const file = new URL(request.url ?? "", "http://localhost").pathname
              .replace(/^\/files\//, "")
              .replace(/\.txt$/, "");
            if (request.url?.startsWith("/files/") !== true || !isLinked(file)) return next();
            readFile(join(ROOT, file)).then((content) => {
              response.setHeader("content-type", file.endsWith(".json") ? "application/json" : "text/plain");
              response.end(content);
            }, next);
          });
        },
      },
    ],
  },
});

const isLinked = (file: string): boolean => (OFFERED.includes(file) || linkedFiles.has(file)) && isFile(file);
