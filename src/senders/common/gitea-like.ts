import type { Facts, Order } from "../sender.ts";
import { commitOf, PERSON, repositoryOf } from "./forge.ts";

const USER = {
  id: 1,
  login: PERSON.login,
  username: PERSON.login,
  full_name: PERSON.name,
  email: PERSON.email,
};

export const about = (facts: Facts, host: string) => ({
  repository: repositoryOf(facts, host),
  sender: USER,
});

/** A push as Gogs and its descendants write it. */
export function pushTo(facts: Facts, host: string, ref: string) {
  const commit = commitOf(facts, host);
  const created = ref.startsWith("refs/tags/");
  return {
    ref,
    before: created ? "0".repeat(40) : facts.before,
    after: facts.sha,
    commits: created ? [] : [commit],
    total_commits: created ? 0 : 1,
    head_commit: commit,
    pusher: USER,
    ...about(facts, host),
  };
}

/** Each of them sends the headers of all that it descends from, too. */
export const familyHeaders = (
  family: readonly string[],
  { event, id }: Pick<Order, "event" | "id">,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    family.flatMap((name) => [
      [`x-${name}-event`, event],
      [`x-${name}-delivery`, id],
    ]),
  );
