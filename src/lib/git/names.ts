const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
// What git-check-ref-format(1) forbids, and a leading `-`, with which it could pass for an option.
// oxlint-disable-next-line no-control-regex -- control characters are among it
const BAD_REF = /^[-/]|[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/\.|^\.|\.lock(?:\/|$)|[/.]$|^@$/;
const URL_SCHEME = /^(?:https?|ssh|git|file):\/\/[^/-]?/i;
const SCP_LIKE = /^(?:[\w.-]+@)?[A-Za-z0-9][\w.-]*:(?!:)[^-]/;

/** A whole commit id, SHA-1 or SHA-256, lower case. */
export const isCommitId = (text: string): boolean => COMMIT_ID.test(text);

/** True for a branch, a tag or a full ref that git would take as a name. */
export const isRefName = (text: string): boolean => text !== "" && text.length < 250 && !BAD_REF.test(text);

/** A sentence that says why git must not be given this as a repository, or null. */
export function repositoryProblem(repository: string): string | null {
  // oxlint-disable-next-line no-control-regex -- they must not reach git
  if (/[\u0000-\u001F\u007F]/.test(repository)) return "it holds control characters";
  if (repository.startsWith("-")) return "it begins with -";
  if (/^\w+::/.test(repository)) return "transport helpers (ext::, fd::) are not used";
  if (/^\w[\w+.-]*:\/\//.test(repository)) {
    return URL_SCHEME.test(repository)
      ? hostProblem(repository)
      : "its protocol is none of https, http, ssh, git, file";
  }
  if (repository.startsWith("/") || SCP_LIKE.test(repository)) return null;
  return "it is neither a URL, nor user@host:path, nor an absolute path";
}

/** CVE-2017-1000117: `ssh://-oProxyCommand=…`. */
const hostProblem = (url: string): string | null =>
  /^\w+:\/\/(?:[^/@]*@)?-/.test(url) ? "its host begins with -" : null;

/** True for a path and for file:// URLs. */
export const isLocalRepository = (repository: string): boolean =>
  repository.startsWith("/") || /^file:\/\//i.test(repository);

/** The URL without user and password, for people and for files. */
export const withoutCredentials = (repository: string): string =>
  repository.replace(/^(\w[\w+.-]*:\/\/)[^/@]*(?:@[^/@]*)*@/, "$1");
