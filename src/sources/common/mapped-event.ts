import { z } from "zod";
import { EVENT_NAMES, type HookEvent } from "../../domain/event.ts";
import { checkExpression, compileExpression, kindOf, textOf } from "../../lib/expressions.ts";
import type { DescribeResult } from "../source.ts";
import { bareCommit, refParts } from "./forge-event.ts";
import { messageOf } from "../../lib/message-of.ts";

const FIELDS = [
  "name",
  "repository",
  "clone_url",
  "ref",
  "branch",
  "tag",
  "commit",
  "before",
  "status",
  "action",
  "sender",
  "paths",
] as const;
type Field = (typeof FIELDS)[number];

const expression = z.string().superRefine((text, context) => {
  const problem = checkExpression(text, ["payload", "headers"]);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** Settings: field of the event → CEL. */
export const mappedFields = z.partialRecord(z.enum(FIELDS), expression);

export interface MapInput {
  /** The event as far as it is known. */
  readonly frame: HookEvent;
  readonly fields: z.output<typeof mappedFields>;
  /** What the expressions see. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/**
 * Fills an event's fields in by expressions; null means that there is none. One that fails, or gives what is no text,
 * makes the whole event unusable: without its field it could start the wrong thing, or nothing, without anybody seeing why.
 */
export function mapEvent({ frame, fields, vars }: MapInput): DescribeResult {
  const failures: string[] = [];
  const read = <T>(field: Field, toValue: (value: unknown) => T): T | null => {
    const text = fields[field];
    if (text === undefined) return null;
    try {
      const value = compileExpression(text).evaluate(vars);
      return value === null || value === undefined ? null : toValue(value);
    } catch (error) {
      failures.push(`fields.${field}: ${messageOf(error)}`);
      return null;
    }
  };
  const event = eventFrom(frame, (field) => read(field, toText), read("paths", toPaths));
  return failures.length > 0 ? { ok: false, reason: failures.join("; ") } : { ok: true, event };
}

function toText(value: unknown): string | null {
  const text = textOf(value);
  if (text === null) throw new Error(`it is ${kindOf(value)}, not a text`);
  return text === "" ? null : text;
}

function toPaths(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new Error(`it is ${kindOf(value)}, not a list`);
  const paths: readonly unknown[] = value;
  return [...new Set(paths.filter((path) => typeof path === "string"))].toSorted();
}

function eventFrom(
  frame: HookEvent,
  text: (field: Exclude<Field, "paths">) => string | null,
  paths: readonly string[] | null,
): HookEvent {
  const ref = refParts(text("ref"));
  const named = text("name") ?? frame.senderName;
  return {
    ...frame,
    ...ref,
    name: EVENT_NAMES.find((name) => name === named) ?? "other",
    branch: text("branch") ?? ref.branch,
    tag: text("tag") ?? ref.tag,
    repository: text("repository"),
    cloneUrl: text("clone_url"),
    commit: bareCommit(text("commit")),
    before: text("before"),
    status: text("status"),
    action: text("action"),
    sender: text("sender"),
    paths,
  };
}
