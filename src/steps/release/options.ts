import { z } from "zod";
import { argvSchema } from "../common/argv.ts";
import { durationText, portHealthSchema } from "../common/health.ts";
import { caddySchema } from "./switches/caddy.ts";
import { nginxSchema } from "./switches/nginx.ts";
import { traefikSchema } from "./switches/traefik.ts";

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, `.`, `_` and `-`");

/** Below a folder: no way out of it. */
const pathWithin = z
  .string()
  .min(1)
  .refine(
    (path) =>
      !path.startsWith("/") && !path.split("/").some((part) => part === ".." || part === "." || part === ""),
    "expected a path within the release, without `..`",
  );

const switchSchema = z.union([
  z.strictObject({ nginx: nginxSchema.describe("nginx, by an include file.") }),
  z.strictObject({ caddy: caddySchema.describe("Caddy, by its admin API.") }),
  z.strictObject({ traefik: traefikSchema.describe("Traefik, by a file of its file provider.") }),
]);

export const releaseSchema = z
  .strictObject({
    app: name.describe("Name of the app; `hookwright releases APP` shows its releases."),
    dir: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The app's folder, for `releases/`, `shared/` and the link `current`; relative to the step's folder. Default: `apps/APP` in the data folder.",
      ),
    from: z
      .string()
      .min(1)
      .default(".")
      .describe(
        "The folder that a release is a copy of; relative to the step's folder, which is the default.",
      ),
    exclude: z
      .array(pathWithin)
      .default([".git"])
      .describe("Files and folders at its top that are left out."),
    shared: z
      .array(pathWithin)
      .default([])
      .describe("Paths that all releases have in common, such as `uploads`: links into `shared/`."),
    build: z
      .array(argvSchema)
      .default([])
      .describe(
        "Commands, each a list, that run in the new release before it is used. `${{ }}` in each item.",
      ),
    commit: z
      .string()
      .optional()
      .describe(
        "The commit, for the list of releases. Default: HEAD of the git work tree in `from`. May hold `${{ }}`.",
      ),
    keep: z.int().min(1).max(1_000).default(5).describe("Releases to keep, the one in use among them."),
    runtime: z.enum(["command", "systemd", "docker-compose", "process"]).describe("What runs the app."),
    restart: argvSchema
      .optional()
      .describe("`command`: what starts the app anew, as a list; it runs in `current`."),
    unit: z
      .string()
      .regex(/^[\w.@:\\-]+$/, "expected the name of a unit, such as web.service")
      .optional()
      .describe("`systemd`: the unit to restart; it should run in `current`."),
    user_unit: z.boolean().optional().describe("`systemd`: a unit of the account's own manager."),
    compose_file: pathWithin
      .optional()
      .describe("`docker-compose`: the file within the release; default: as Compose finds it."),
    run: argvSchema
      .optional()
      .describe(
        "`process`: the app itself, as a list; it runs in its release with `PORT` in its environment.",
      ),
    ports: z
      .array(z.int().min(1).max(65_535))
      .min(1)
      .max(2)
      .refine(([one, two]) => one !== two, "the two ports have to differ")
      .optional()
      .describe(
        "`process`: the app's port; with two, the new release takes the free one and no request is lost.",
      ),
    grace: durationText().optional().describe("`process`: time between SIGTERM and SIGKILL. Default 10s."),
    drain: durationText()
      .optional()
      .describe("`process`: how long the old release may finish its requests after a switch. Default 30s."),
    switch: switchSchema
      .optional()
      .describe("`process` with two ports: the proxy that is told of the new one."),
    health: portHealthSchema
      .optional()
      .describe("When the release counts as well; without it, once it has been started."),
  })
  .superRefine((options, context) => {
    const twoPorts = options.ports?.length === 2;
    if (options.runtime === "process" && twoPorts !== (options.switch !== undefined)) {
      const message = twoPorts
        ? "two ports need `switch`: who else would know which one is in use"
        : "a switch needs two ports";
      context.addIssue({ code: "custom", path: [twoPorts ? "ports" : "switch"], message });
    }
    if (options.runtime !== "process" && options.health?.http.startsWith("/") === true) {
      const message = `a path alone is for the runtime process; with ${options.runtime} give the whole URL`;
      context.addIssue({ code: "custom", path: ["health", "http"], message });
    }
    for (const [key, runtime] of BELONGS) {
      const given = options[key] !== undefined;
      const fits = options.runtime === runtime;
      if (given && !fits) {
        context.addIssue({ code: "custom", path: [key], message: `it is for the runtime ${runtime}` });
      }
      if (!given && fits && REQUIRED.has(key)) {
        context.addIssue({ code: "custom", path: [key], message: `the runtime ${runtime} needs it` });
      }
    }
  });
export type ReleaseOptions = z.infer<typeof releaseSchema>;

/** Keys of one runtime alone. */
const BELONGS = [
  ["restart", "command"],
  ["unit", "systemd"],
  ["user_unit", "systemd"],
  ["compose_file", "docker-compose"],
  ["run", "process"],
  ["ports", "process"],
  ["grace", "process"],
  ["drain", "process"],
  ["switch", "process"],
] as const;
const REQUIRED: ReadonlySet<string> = new Set(["restart", "unit", "run", "ports"]);
