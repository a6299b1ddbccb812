import { z } from "zod";
import { headerBytes } from "./headers.ts";

const PLACEHOLDER = /\{(id|timestamp|body)\}/g;
export type SignedPart = "id" | "timestamp" | "body";

const partsOf = (template: string): readonly string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);

/** Settings: what is signed, such as `{id}.{timestamp}.{body}`. */
export const signedTemplate = z.string().superRefine((template, context) => {
  const parts = partsOf(template);
  const add = (message: string): void => context.addIssue({ code: "custom", message });
  if (/[{}]/.test(template.replaceAll(PLACEHOLDER, ""))) add("it knows only {id}, {timestamp} and {body}");
  if (parts.filter((part) => part === "body").length !== 1) add("expected {body} in it once");
});

/** Whether two values touch: then nothing says where one ends, unless its form does. */
export const hasTouching = (template: string): boolean => /\}\{/.test(template);

export const mentions = (template: string, part: SignedPart): boolean => partsOf(template).includes(part);

export interface SignedValues {
  readonly id: string | null;
  readonly timestamp: string | null;
  readonly body: Buffer;
}

/** The signed bytes; null when the template names a header that is not there. */
export function signedBytes(template: string, values: SignedValues): Buffer | null {
  const bytes: Buffer[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const value = match[1] === "id" ? values.id : match[1] === "timestamp" ? values.timestamp : values.body;
    if (value === null) return null;
    bytes.push(Buffer.from(template.slice(end, match.index)));
    bytes.push(typeof value === "string" ? headerBytes(value) : value);
    end = match.index + match[0].length;
  }
  return Buffer.concat([...bytes, Buffer.from(template.slice(end))]);
}
