import type { Facts } from "../sender.ts";
import { FILES, PERSON } from "./forge.ts";

/** What it is about, in plain words, for senders of no known shape. */
export const openPayload = (facts: Facts) => ({
  repository: facts.repository,
  ref: `refs/heads/${facts.branch}`,
  branch: facts.branch,
  tag: facts.tag,
  commit: facts.sha,
  before: facts.before,
  message: facts.message,
  status: facts.status ?? "success",
  sender: PERSON.login,
  ...FILES,
});
