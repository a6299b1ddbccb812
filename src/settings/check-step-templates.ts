import type { StepKind } from "../steps/step.ts";
import { isObject } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { checkTemplates, forbidTemplates, type TemplateScope } from "./templates.ts";

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
    const options = value[name];
    const mayHold = placesOf(reading, kind, options);
    checkTemplates(reading, { value: options, path: [...path, name], scope, ...(mayHold && { mayHold }) });
  }
}

/** Which texts the kind would render, found by letting it: the kind alone knows. Null when its options are not valid. */
function placesOf(reading: Reading, kind: StepKind, value: unknown): ((text: string) => boolean) | null {
  const expand = (text: unknown): unknown =>
    kind.keepsVariables === true ? text : reading.expandTemplates(text, []);
  const options = kind.schema.safeParse(expand(value));
  if (!options.success) return null;
  const rendered = new Set<unknown>();
  kind.render(options.data, (template) => {
    rendered.add(template);
    return template;
  });
  return (text) => rendered.has(expand(text));
}
