import { join, resolve } from "node:path";
import { renderArgv } from "./common/argv.ts";
import { deploy, goBack } from "./release/deploy.ts";
import { releaseSchema, type ReleaseOptions } from "./release/options.ts";
import type { StepKind } from "./step.ts";

/**
 * `release: { app: web, runtime: systemd, unit: web.service }`: a copy of the step's folder becomes the release in use.
 * Outputs: `release`, `previous` (empty at first), `folder`.
 */
export const releaseKind: StepKind<ReleaseOptions> = {
  kind: "release",
  summary: "Makes a release beside those before, puts it in use, and goes back by itself when it is not well",
  schema: releaseSchema,
  render: (options, render) => ({
    ...options,
    build: options.build.map((argv) => renderArgv(argv, render)),
    ...(options.restart === undefined ? {} : { restart: renderArgv(options.restart, render) }),
    ...(options.run === undefined ? {} : { run: renderArgv(options.run, render) }),
    ...(options.commit === undefined ? {} : { commit: render(options.commit) }),
  }),
  title: ({ app, runtime }) => `release ${app} (${runtime})`,
  async run(options, context) {
    const dir =
      options.dir === undefined ? join(context.appsDir, options.app) : resolve(context.workdir, options.dir);
    const input = { options, dir, context };
    return context.goBackTo === null ? deploy(input) : goBack(input, context.goBackTo.release);
  },
};
