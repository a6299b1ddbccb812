import { type Action, sandboxOf, userOf } from "../domain/action.ts";
import type { Settings } from "./settings.ts";

/**
 * Rejects `settings:invalid` where an action asks for an account or a sandbox that this machine does not give. `labels`: those
 * of this server, which does not run what is for others; undefined: all actions.
 */
export async function checkConfinement(
  settings: Pick<Settings, "actions" | "file" | "text">,
  labels?: readonly string[],
): Promise<void> {
  const actions = Object.values(settings.actions).filter(
    (action) => isConfined(action) && (labels === undefined || runsHere(action, labels)),
  );
  if (actions.length === 0) return;
  // Loaded only where the settings ask for it.
  const { tryConfinement } = await import("./check-confinement.ts");
  await tryConfinement(settings, actions);
}

const isConfined = (action: Action): boolean =>
  action.steps
    .flatMap((step) => [step, ...(step.undo === null ? [] : [step.undo])])
    .some((step) => userOf(action, step) !== null || sandboxOf(action, step) !== null);

const runsHere = ({ runsOn }: Action, labels: readonly string[]): boolean =>
  runsOn === null || runsOn.labels.some((label) => labels.includes(label));
