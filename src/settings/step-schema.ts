import { z } from "zod";
import { sandbox, user } from "./confine-schema.ts";
import { duration, environment } from "./fields.ts";
import type { Kinds } from "./kinds.ts";

const placeShape = {
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("Name of the step, unique in its action; `${{ steps.NAME.outputs.KEY }}` refers to it."),
  env: environment().default({}).describe("Environment variables for this step. Values may hold `${{ }}`."),
  workdir: z.string().min(1).optional().describe("Folder it works in, from the action's `workdir`."),
  user: user().describe("Account that its commands run as. Default: the action's."),
  sandbox: sandbox().describe(
    "Fences of its commands, instead of the action's; `false`: none. For `run`, `shell`, `git` and `revert`.",
  ),
  timeout: duration({ min: 1 }).optional().describe("Time this step may take. Default: the action's rest."),
  retries: z.int().min(0).max(100).default(0).describe("How often to try again after a failure."),
};

const stepShape = {
  ...placeShape,
  continue_on_error: z.boolean().default(false).describe("Go on with the next step when this one fails."),
  progress: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe(
      "The task's progress, in percent, once this step is done. Default: by the steps' past durations.",
    ),
};

/** The keys that a step of any kind has; the one other key names its kind. */
export const stepCommon = z.object({ ...stepShape, undo: z.unknown().optional() });
export type StepInput = z.output<typeof stepCommon>;

/** One step: exactly one kind's key, and the keys of every step. */
export function stepSchema({ steps }: Kinds) {
  const kinds = [...steps.keys()];
  const kindShape = Object.fromEntries(
    [...steps].map(([key, kind]) => [key, described(kind.schema, kind.summary)]),
  );
  const undo = oneKind(z.strictObject({ ...placeShape, ...kindShape }), kinds);
  return oneKind(
    z.strictObject({
      ...stepShape,
      ...kindShape,
      undo: undo
        .optional()
        .describe(
          "A step that takes this one back, without `undo`, `continue_on_error` and `progress`. After a failure, a timeout or a cancel, undos run last first.",
        ),
    }),
    kinds,
  ).describe("One step: the key of its kind, and how to run it.");
}

const described = (schema: z.ZodType, summary: string): z.ZodType =>
  (schema.description === undefined ? schema.describe(summary) : schema).optional();

function oneKind<T extends z.ZodObject>(schema: T, kinds: readonly string[]): T {
  return schema
    .superRefine((step, context) => {
      const given = kinds.filter((kind) => step[kind] !== undefined);
      if (given.length === 1) return;
      const found = given.length === 0 ? "none is here" : `here are ${given.join(" and ")}`;
      context.addIssue({ code: "custom", message: `expected exactly one of ${kinds.join(", ")}; ${found}` });
    })
    .meta({ oneOf: kinds.map((kind) => ({ required: [kind] })) });
}
