import { dirname, join, relative } from "node:path";
import { renderMermaidSVG } from "beautiful-mermaid";
import type { MarkdownOptions, MarkdownRenderer } from "vitepress";
import { z } from "zod";
import { copyOf, isFile, pageFiles, pageOf, ROOT } from "./places.ts";

type RenderRule = NonNullable<MarkdownRenderer["renderer"]["rules"]["fence"]>;

const where = z.object({ path: z.string(), realPath: z.string().optional() });

/** Links outside of the pages, which are copied into the site, from the root of the clone. */
export const linkedFiles = new Set<string>();

/** As GitHub makes anchors of headings: the pages are read there too. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "")
    .replaceAll(" ", "-");

/** In pages links lead from file to file, so that they work wherever the files are read; here from page to page. */
function siteLink(href: string, from: string): string {
  if (/^(?:[a-z]+:|\/|#)/i.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const file = relative(ROOT, join(dirname(from), path));
  const hash = anchor === undefined ? "" : `#${anchor}`;
  // Of a folder, the first of its pages.
  const page = path.endsWith("/") ? pageFiles.find((each) => each.startsWith(`${file}/`)) : file;
  if (page !== undefined && pageFiles.includes(page)) return `/${pageOf(page)}${hash}`;
  if (!isFile(file)) throw new Error(`${relative(ROOT, from)} links to ${href}, which is no file`);
  linkedFiles.add(file);
  return `/${copyOf(file)}`;
}

function rewriteLinks(md: MarkdownRenderer): void {
  md.core.ruler.push("site-links", ({ tokens, env }) => {
    const { path, realPath = path } = where.parse(env);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href === null) continue;
      const link = siteLink(href, realPath);
      token.attrSet("href", link);
      // The site's own router knows pages only.
      if (link.startsWith("/files/")) token.attrSet("target", "_blank");
    }
  });
}

/** Pages are Vue templates, in which `{{ … }}` would be evaluated; here it is what settings are written with. */
function keepBraces(md: MarkdownRenderer): void {
  for (const name of ["text", "code_inline"] as const) {
    const rule = md.renderer.rules[name];
    if (rule === undefined) throw new Error(`The renderer has no rule for ${name}`);
    md.renderer.rules[name] = (...args) => rule(...args).replaceAll("{{", "&#123;&#123;");
  }
}

/** Lets a line break after the dots of `server.rate_limit.window`: a column of a table is narrower than many keys. */
function breakKeys(md: MarkdownRenderer): void {
  const rule = md.renderer.rules.code_inline;
  if (rule === undefined) throw new Error("The renderer has no rule for code_inline");
  md.renderer.rules.code_inline = (...args) =>
    rule(...args).replace(/>([^<]*)</, (code) => code.replaceAll(/\.(?=\w)/g, ".<wbr>"));
}

/** The colours are given by style.css, for light and dark; the drawing's own style asks another host for a font. */
export const drawn = (source: string): string =>
  renderMermaidSVG(source, { transparent: true })
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/(<svg[^>]*) style="[^"]*"/, '$1 role="img"');

function drawDiagrams(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence;
  if (fence === undefined) throw new Error("The renderer has no rule for fences");
  const rule: RenderRule = (tokens, index, ...others) => {
    const token = tokens[index];
    if (token?.info.trim() !== "mermaid") return fence(tokens, index, ...others);
    return `<div class="diagram" v-pre>${drawn(token.content)}</div>\n`;
  };
  md.renderer.rules.fence = rule;
}

export const markdown: MarkdownOptions = {
  // A placeholder such as <task> is text.
  html: false,
  anchor: { slugify: anchorOf },
  languageAlias: { cel: "javascript", caddy: "nginx" },
  config(md) {
    md.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
    rewriteLinks(md);
    keepBraces(md);
    breakKeys(md);
    drawDiagrams(md);
  },
};
