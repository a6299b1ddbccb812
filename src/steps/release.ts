import { join, resolve } from "node:path";
import { renderArgv } from "./common/argv.ts";
import { createRuntime, deploy, goBack } from "./release/deploy.ts";
import { releaseSchema, type ReleaseOptions } from "./release/options.ts";
import { recover } from "./release/recover.ts";
import type { StepContext, StepKind } from "./step.ts";

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
    const input = { options, dir: folderOf(options, context), context };
    return context.goBackTo === null ? deploy(input) : goBack(input, context.goBackTo.release);
  },
  recover: (options, context) => {
    const dir = folderOf(options, context);
    return recover({ options, dir, context, runtime: createRuntime({ options, dir }) });
  },
};

/** The app's folder. */
const folderOf = ({ dir, app }: ReleaseOptions, { appsDir, workdir }: StepContext): string =>
  dir === undefined ? join(appsDir, app) : resolve(workdir, dir);
