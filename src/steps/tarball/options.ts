import { z } from "zod";

export const tarballSchema = z
  .strictObject({
    github: z
      .string()
      .min(1)
      .optional()
      .describe("`owner/name` at GitHub; its API gives the archive. May hold `${{ }}`."),
    url: z
      .url({
        protocol: /^https?$/,
        error: "expected a URL such as https://forge.example.com/o/r/archive/main.tar.gz",
      })
      .optional()
      .describe("URL of a .tar.gz; `${{ }}` in its path and query."),
    path: z
      .string()
      .regex(/^\/(?!.*\$\{\{)/, "expected an absolute path without a template")
      .optional()
      .describe("A git repository on this machine."),
    ref: z
      .string()
      .min(1)
      .optional()
      .describe("With `github` and `path`: commit id, branch or tag. May hold `${{ }}`."),
    dir: z
      .string()
      .min(1)
      .default("source")
      .describe("The folder for what is in the archive, in the step's folder; it is made anew each time."),
    strip: z.int().min(0).max(10).default(1).describe("Leading folders of the archive to drop."),
    package_json: z
      .boolean()
      .default(false)
      .describe(
        "Ask for a package.json; its name and version become outputs. Without it they do where it is there.",
      ),
  })
  .refine((options) => [options.github, options.url, options.path].filter(Boolean).length === 1, {
    error: "expected exactly one of github, url and path",
  })
  .refine((options) => (options.url === undefined) === (options.ref !== undefined), {
    error: "`ref` belongs to `github` and `path`, which need it",
    path: ["ref"],
  })
  .refine(({ url }) => url === undefined || !originOf(url).includes("${{"), {
    error: "no template may choose the host",
    path: ["url"],
  });
export type TarballOptions = z.infer<typeof tarballSchema>;

/** Scheme and host. */
export const originOf = (url: string): string => /^https?:\/\/[^/?#]*/.exec(url)?.[0] ?? url;
