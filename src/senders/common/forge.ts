import type { Facts } from "../sender.ts";

/** The person who did it all. */
export const PERSON = { name: "Ada", login: "ada", email: "ada@example.com" } as const;

/** Every commit changes these. */
export const FILES = { added: ["docs/new.md"], modified: ["README.md"], removed: [] } as const;

/** `octo` and `app` of `octo/app`. */
export function ownerAndName(repository: string): readonly [owner: string, name: string] {
  const slash = repository.lastIndexOf("/");
  return [repository.slice(0, Math.max(0, slash)), repository.slice(slash + 1)];
}

/** Where its web pages are. */
export const pageOf = (facts: Facts, host: string): string => `https://${host}/${facts.repository}`;

export const cloneUrlOf = (facts: Facts, host: string): string =>
  facts.cloneUrl ?? `${pageOf(facts, host)}.git`;

/** The repository that a pull request comes from. */
export const fromRepository = ({ repository, fork }: Facts): string =>
  fork ? `stranger/${ownerAndName(repository)[1]}` : repository;

/** A commit as GitHub, Gitea and Gogs write it. */
export function commitOf(facts: Facts, host: string) {
  const person = { name: PERSON.name, email: PERSON.email, username: PERSON.login };
  return {
    id: facts.sha,
    message: facts.message,
    timestamp: facts.now.toISOString(),
    url: `${pageOf(facts, host)}/commit/${facts.sha}`,
    author: person,
    committer: person,
    ...FILES,
  };
}

/** A repository as GitHub and Gitea write it. */
export function repositoryOf(facts: Facts, host: string, fullName: string = facts.repository) {
  const [owner, name] = ownerAndName(fullName);
  return {
    id: fullName === facts.repository ? 1 : 2,
    name,
    full_name: fullName,
    private: true,
    fork: fullName !== facts.repository,
    owner: { id: 1, login: owner, name: owner, username: owner },
    html_url: `https://${host}/${fullName}`,
    clone_url: fullName === facts.repository ? cloneUrlOf(facts, host) : `https://${host}/${fullName}.git`,
    default_branch: "main",
  };
}

/** A pull request as GitHub and Gitea write it, without what each adds. */
export function pullRequestOf(facts: Facts, host: string) {
  const user = { id: 7, login: PERSON.login, username: PERSON.login };
  const base = repositoryOf(facts, host);
  const head = repositoryOf(facts, host, fromRepository(facts));
  return {
    id: 1,
    number: 1,
    state: "open",
    title: facts.message,
    draft: facts.draft,
    user,
    merged: false,
    head: { label: facts.branch, ref: facts.branch, sha: facts.sha, repo: head },
    base: { label: "main", ref: "main", sha: facts.before, repo: base },
  };
}

export const releaseOf = (facts: Facts) => ({
  id: 1,
  tag_name: facts.tag,
  target_commitish: "main",
  name: facts.tag,
  draft: false,
  prerelease: false,
  published_at: facts.now.toISOString(),
});
