import { type Action, sandboxOf, type StepDefinition, userOf } from "../domain/action.ts";
import { asUser, ownPrefix, UserProblem } from "../lib/confine/as-user.ts";
import { findSandbox, SandboxProblem } from "../lib/confine/sandbox.ts";
import { readDocument } from "./document.ts";
import { formatPath, invalidSettings, type KeyPath, type Problem } from "./problems.ts";
import { problemAt } from "./report.ts";
import type { Settings } from "./settings.ts";

/** Rejects `settings:invalid` with each place that asks for an account or a sandbox that this machine does not give. */
export async function tryConfinement(
  { file, text }: Pick<Settings, "file" | "text">,
  actions: readonly Action[],
): Promise<void> {
  const found = await Promise.all(actions.flatMap(wishesOf).map(tryOne));
  const { document } = readDocument(text);
  const problems = found.flatMap((each): Problem[] => {
    if (each === null || document === null) return [];
    const { path, message } = each;
    const rest = { key: formatPath(path), message, suggestion: null };
    return [problemAt(file, document.position(path), rest)];
  });
  if (problems.length > 0) throw invalidSettings(problems);
}

interface Wish {
  readonly path: KeyPath;
  readonly user: string | null;
  /** Null: no sandbox. */
  readonly network: boolean | null;
}

/** Each of an action's once, at the first place that asks for it. */
function wishesOf(action: Action): Wish[] {
  const found = new Map<string, Wish>();
  const add = (step: StepDefinition, path: KeyPath): void => {
    const user = userOf(action, step);
    const network = sandboxOf(action, step)?.network ?? null;
    const key = JSON.stringify([user, network]);
    if ((user === null && network === null) || found.has(key)) return;
    found.set(key, { user, network, path: placeOf(action, step, path) });
  };
  for (const [index, step] of action.steps.entries()) {
    const path = ["actions", action.name, "steps", index];
    add(step, path);
    if (step.undo !== null) add(step.undo, [...path, "undo"]);
  }
  return [...found.values()];
}

function placeOf(action: Action, step: StepDefinition, path: KeyPath): KeyPath {
  const key = userOf(action, step) === null ? "sandbox" : "user";
  const isOwn = step[key] !== null && step[key] !== action[key];
  return [...(isOwn ? path : ["actions", action.name]), key];
}

interface Refusal {
  readonly path: KeyPath;
  readonly message: string;
}

async function tryOne({ user, network, path }: Wish): Promise<Refusal | null> {
  try {
    const prefix = user === null ? await ownPrefix() : (await asUser(user)).prefix;
    if (network !== null) await findSandbox({ prefix, network });
    return null;
  } catch (error) {
    if (error instanceof UserProblem || error instanceof SandboxProblem)
      return { path, message: error.message };
    throw error;
  }
}
