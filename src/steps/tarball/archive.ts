import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePath } from "../../lib/encode-path.ts";
import { gitEnvironment } from "../../lib/git/environment.ts";
import { GithubError } from "../../lib/github-api.ts";
import { download, DownloadError } from "../../lib/tarball/download.ts";
import type { StepContext } from "../step.ts";
import { tarballFailure } from "./failure.ts";
import type { TarballOptions } from "./options.ts";

export interface Archive {
  readonly archive: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** Where the bytes of the archive come from. Rejects with `deploy:github:download_tarball`. */
export async function openArchive(options: TarballOptions, context: StepContext): Promise<Archive> {
  if (options.path !== undefined) return archiveOfRepository(options.path, options.ref ?? "HEAD", context);
  try {
    const { url, headers } = await requestFor(options, context);
    const { download: fetch, signal, log } = context;
    return { archive: await download({ url, headers, fetch, signal, log }), close: nothing };
  } catch (error) {
    if (!(error instanceof DownloadError || error instanceof GithubError)) throw error;
    throw tarballFailure(
      "deploy:github:download_tarball",
      [error.message, ...hints(options, error)].join(". "),
      error,
    );
  }
}

interface DownloadRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** https://docs.github.com/rest/repos/contents#download-a-repository-archive-tar */
async function requestFor(
  { github, url, ref = "" }: TarballOptions,
  context: StepContext,
): Promise<DownloadRequest> {
  if (github === undefined) {
    const own = context.env["ARCHIVE_TOKEN"];
    return { url: url ?? "", headers: own === undefined ? {} : { authorization: `Bearer ${own}` } };
  }
  const token = context.env["GITHUB_TOKEN"] ?? (await context.github.token(github));
  return {
    url: `${context.github.apiUrl}/repos/${encodePath(github)}/tarball/${encodePath(ref)}`,
    headers: {
      accept: "application/vnd.github+json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  };
}

function hints({ github }: TarballOptions, { status }: Pick<DownloadError, "status">): readonly string[] {
  if (github === undefined) return [];
  if (status === 404)
    return [
      `There is no such commit of ${github}, or it is private: pair with GitHub, set github.token, or install the App of github.app`,
    ];
  return status === 401 ? ["GitHub does not take the token"] : [];
}

/** As a file, whole before it is unpacked: a git that fails in the middle must not look like the end. */
async function archiveOfRepository(path: string, ref: string, context: StepContext): Promise<Archive> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-archive-"));
  const file = join(dir, "archive.tar.gz");
  const close = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const result = await context.command({
      argv: ["git", "-C", path, "archive", "--format=tar.gz", "--prefix=root/", "-o", file, ref, "--"],
      env: gitEnvironment({ workTree: path, repository: path, submodules: false }),
    });
    if (result.exitCode === 0) return { archive: createReadStream(file), close };
    throw tarballFailure("deploy:github:download_tarball", `git has no archive of ${ref} in ${path}`);
  } catch (error) {
    await close();
    throw error;
  }
}
