import { createRequire } from "node:module";
import { z } from "zod";

/** Stands where each request's own commit id goes. */
export const COMMIT_PLACE = "0123456789abcdef0123456789abcdef01234567";

const examples = z.array(z.object({ name: z.string(), examples: z.array(z.looseObject({})) }));
const push = z.looseObject({
  ref: z.string(),
  commits: z.array(z.unknown()),
  head_commit: z.looseObject({}).nullable(),
});

/** A GitHub push of about 7 KB: octokit's recorded one, to main, with a place for the commit id. */
export function pushPayload(): string {
  const recorded: unknown = createRequire(import.meta.url)("@octokit/webhooks-examples");
  const found = examples.parse(recorded).find(({ name }) => name === "push");
  const payload = push.parse(found?.examples[0]);
  const commit = {
    id: COMMIT_PLACE,
    message: "Change the page",
    timestamp: "2026-01-01T00:00:00Z",
    url: "https://github.com/Codertocat/Hello-World/commit/1",
    author: { name: "Codertocat", email: "octo@example.com" },
    added: ["a.txt"],
    removed: [],
    modified: ["README.md"],
  };
  return JSON.stringify({
    ...payload,
    ref: "refs/heads/main",
    deleted: false,
    head_commit: commit,
    commits: [{ ...commit, id: "1".repeat(40) }],
  });
}
