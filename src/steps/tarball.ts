import { mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../domain/errors.ts";
import { containedFolder } from "../lib/contained-folder.ts";
import { isCommitId, isRefName, repositoryProblem } from "../lib/git/names.ts";
import { TarballError } from "../lib/tarball/names.ts";
import { unpackTarball } from "../lib/tarball/unpack.ts";
import type { Render, StepContext, StepKind } from "./step.ts";
import { originOf, tarballSchema, type TarballOptions } from "./tarball/options.ts";
import { openArchive } from "./tarball/archive.ts";
import { tarballFailure } from "./tarball/failure.ts";
import { readPackage } from "./tarball/package-json.ts";
import { messageOf } from "../lib/message-of.ts";

/**
 * `tarball: { github: o/r, ref: "${{ event.commit.sha }}" }`: the files of one commit, without git. Outputs: `dir`, `files`, and
 * `name` and `version` of its package.json. A failure has the output `error`: one of the deploy API's codes.
 */
export const tarballKind: StepKind<TarballOptions> = {
  kind: "tarball",
  summary: "Fetches the archive of a commit, and unpacks it with care",
  schema: tarballSchema,
  render: (options, render) => ({
    ...options,
    ...(options.github === undefined ? {} : { github: render(options.github) }),
    ...(options.url === undefined ? {} : { url: renderUrl(options.url, render) }),
    ...(options.ref === undefined ? {} : { ref: render(options.ref) }),
  }),
  title: ({ github, url, path, ref }) =>
    url === undefined
      ? `tarball of ${github ?? path ?? ""} at ${ref !== undefined && isCommitId(ref) ? ref.slice(0, 12) : (ref ?? "")}`
      : `tarball ${url}`,
  async run(options, context) {
    checkNames(options);
    const dir = await containedFolder(context.workdir, options.dir).catch((error: unknown) => {
      throw new AppError("step:failed", messageOf(error));
    });
    if (dir === context.workdir) throw new AppError("step:failed", "`dir` has to be a folder of its own");
    const made = await mkdtemp(join(dirname(dir), `.${basename(dir)}-`));
    try {
      const unpacked = await unpackInto(made, options, context);
      const { name, version } = await readPackage(made, options.package_json);
      await rm(dir, { recursive: true, force: true });
      await rename(made, dir);
      context.log(`Unpacked ${unpacked.files} files, ${unpacked.bytes} bytes, to ${dir}`);
      return { exitCode: 0, outputs: { dir, files: String(unpacked.files), name, version } };
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  },
};

async function unpackInto(
  into: string,
  options: TarballOptions,
  context: StepContext,
): ReturnType<typeof unpackTarball> {
  const { archive, close } = await openArchive(options, context);
  try {
    return await unpackTarball({ archive, into, strip: options.strip, signal: context.signal });
  } catch (error) {
    if (!(error instanceof TarballError)) throw error;
    throw tarballFailure(`deploy:tar:${error.fault}`, error.message, error);
  } finally {
    await close();
  }
}

/** What values from outside have made of it. */
function checkNames({ github, path, ref }: TarballOptions): void {
  const bad = (what: string): AppError => tarballFailure("deploy:github:download_tarball", what);
  if (github !== undefined && !/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/.test(github)) {
    throw bad(`${JSON.stringify(github)} is no owner/name`);
  }
  const problem = path === undefined ? null : repositoryProblem(path);
  if (problem !== null) throw bad(`git can't be given ${JSON.stringify(path)}: ${problem}`);
  if (ref !== undefined && !isRefName(ref))
    throw bad(`${JSON.stringify(ref)} is no commit id, branch or tag`);
}

/** A value must not lead to another host, nor out of its place in the path. */
function renderUrl(template: string, render: Render): string {
  const url = render(template);
  const fits =
    originOf(url) === originOf(template) && !/[?#/](?:\.\.|%2e%2e)(?:[/?#]|$)/i.test(url) && !/\s/.test(url);
  if (url === template || fits) return url;
  throw tarballFailure(
    "deploy:github:download_tarball",
    `The URL ${JSON.stringify(url)}, made from ${template}, leads elsewhere`,
  );
}
