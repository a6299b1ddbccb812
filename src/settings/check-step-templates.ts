import type { StepKind } from "../steps/step.ts";
import { isObject, valueAt } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { checkTemplates, forbidTemplates, type TemplateScope, type TemplatesInput } from "./templates.ts";

export interface StepTemplatesInput {
  readonly value: unknown;
  readonly path: KeyPath;
  readonly params: readonly string[];
  /** Of the steps before this one. */
  readonly names: readonly string[];
  /** Its own name: its undo can refer to what it did. */
  readonly own: string | undefined;
}

/** Checks the templates of a step and of its undo. */
export function checkStepTemplates(reading: Reading, input: StepTemplatesInput): void {
  const { value, path, params, names, own } = input;
  if (!isObject(value)) return;
  checkOne(reading, { value, path, scope: { params, steps: names } });
  const undo = value["undo"];
  if (!isObject(undo)) return;
  const steps = own === undefined ? names : [...names, own];
  checkOne(reading, { value: undo, path: [...path, "undo"], scope: { params, steps } });
}

interface OneStep {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: KeyPath;
  readonly scope: TemplateScope;
}

function checkOne(reading: Reading, { value, path, scope }: OneStep): void {
  checkTemplates(reading, { value: value["env"], path: [...path, "env"], scope });
  for (const key of ["name", "workdir"]) forbidTemplates(reading, value[key], [...path, key]);
  for (const [name, kind] of reading.kinds.steps) {
    const at = [...path, name];
    const mayHold = placesOf(reading, { kind, value: value[name], path: at });
    checkTemplates(reading, { value: value[name], path: at, scope, ...(mayHold && { mayHold }) });
  }
}

interface PlacesInput {
  readonly kind: StepKind;
  readonly value: unknown;
  readonly path: KeyPath;
}

/** Where the kind would render a text, found by letting it: the kind alone knows. Null when its options are not valid. */
function placesOf(reading: Reading, { kind, value, path }: PlacesInput): TemplatesInput["mayHold"] | null {
  const expanded = kind.keepsVariables === true ? value : reading.expandTemplates(value, path);
  const options = kind.schema.safeParse(expanded);
  if (!options.success) return null;
  const rendered = new Set<unknown>();
  kind.render(options.data, (template) => {
    rendered.add(template);
    return template;
  });
  return (at) => rendered.has(valueAt(expanded, at.slice(path.length)));
}
