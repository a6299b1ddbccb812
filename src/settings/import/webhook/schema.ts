import { z } from "zod";

/** Hooks of https://github.com/adnanh/webhook (docs/Hook-Definition.md, docs/Hook-Rules.md), as its hooks.json has them. */

const argument = z.strictObject({
  source: z.string().default(""),
  name: z.string().default(""),
  envname: z.string().optional(),
  base64decode: z.boolean().default(false),
  "headers-to-add-to-signature-payload": z.array(z.string()).default([]),
});
export type Argument = z.output<typeof argument>;

const match = z.strictObject({
  type: z.string(),
  regex: z.string().default(""),
  secret: z.string().default(""),
  // YAML reads `value: 42` as a number; webhook compared texts.
  value: z.union([z.string(), z.number(), z.boolean()]).default("").transform(String),
  parameter: argument.optional(),
  "ip-range": z.string().default(""),
});
export type Match = z.output<typeof match>;

/** The first of these that is there counts. */
export interface Rule {
  readonly and?: readonly Rule[] | undefined;
  readonly or?: readonly Rule[] | undefined;
  readonly not?: Rule | undefined;
  readonly match?: Match | undefined;
}

const rule = z.strictObject({
  get and() {
    return z.array(rule).optional();
  },
  get or() {
    return z.array(rule).optional();
  },
  get not() {
    return rule.optional();
  },
  match: match.optional(),
});

const list = () => z.array(argument).default([]);

const hook = z.strictObject({
  id: z.string().min(1),
  "execute-command": z.string().min(1),
  "command-working-directory": z.string().default(""),
  "pass-arguments-to-command": list(),
  "pass-environment-to-command": list(),
  "pass-file-to-command": list(),
  "parse-parameters-as-json": list(),
  "trigger-rule": rule.optional(),
  "http-methods": z.array(z.string()).default([]),
  "incoming-payload-content-type": z.string().default(""),
  "response-message": z.unknown().optional(),
  "response-headers": z.unknown().optional(),
  "success-http-response-code": z.unknown().optional(),
  "include-command-output-in-response": z.unknown().optional(),
  "include-command-output-in-response-on-error": z.unknown().optional(),
  "trigger-rule-mismatch-http-response-code": z.unknown().optional(),
  "trigger-signature-soft-failures": z.unknown().optional(),
  "pre-hook-command": z.unknown().optional(),
});
export type Hook = z.output<typeof hook>;

export const hooksSchema = z.array(hook);
