import { z } from "zod";
import { plainJsonSchema } from "./json-schema.ts";

/** The part of JSON Schema that the reference page shows. */
interface Node {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Node | boolean | undefined;
  readonly items?: Node | boolean | undefined;
  readonly prefixItems?: readonly Node[] | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), node).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), node]).optional(),
    items: z.union([z.boolean(), node]).optional(),
    prefixItems: z.array(node).optional(),
    anyOf: z.array(node).optional(),
    oneOf: z.array(node).optional(),
  }),
);

/** The reference page of the settings, as Markdown, from the same schema that checks them. */
export function settingsReference(): string {
  const root = node.parse(plainJsonSchema());
  const lines = [
    "# Settings reference",
    "",
    "Every key of `hookwright.yaml`. This page is generated from the schema (`npm run generate`).",
    "The guide is [settings.md](../settings.md); editors can use [settings.schema.json](settings.schema.json).",
  ];
  for (const [name, part] of Object.entries(root.properties ?? {})) {
    lines.push("", `## \`${name}\``, "", part.description ?? "", ...rows(part, name));
  }
  return `${lines.join("\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

function rows(part: Node, path: string): string[] {
  const table = collect(part, path);
  if (table.length === 0) return valueNote(part);
  return ["", "| key | value | default | what it does |", "| --- | --- | --- | --- |", ...table];
}

const valueNote = (part: Node): string[] => ["", `Value: ${typeOf(part)}. Default: ${defaultOf(part)}.`];

function collect(part: Node, path: string): string[] {
  const found: string[] = [];
  for (const [key, child] of Object.entries(part.properties ?? {})) {
    const at = `${path}.${key}`;
    const needed = part.required?.includes(key) === true && child.default === undefined;
    // An undo is a step; its keys stand there already.
    found.push(row(at, child, needed), ...(key === "undo" ? [] : collect(child, at)));
  }
  const entries = typeof part.additionalProperties === "object" ? part.additionalProperties : null;
  if (entries !== null) found.push(...collect(entries, `${path}.NAME`));
  if (typeof part.items === "object") found.push(...collect(part.items, `${path}[]`));
  for (const form of formsOf(part)) {
    const kind = form.properties?.["kind"]?.const;
    const label = typeof kind === "string" ? `${path} (${kind})` : path;
    if (label !== path) found.push(`| **${label}** | | | ${cell(form.description ?? "")} |`);
    found.push(...collect(form, label));
  }
  return found;
}

/** The forms that a value may have. What has no type is a condition, not a form. */
const formsOf = ({ anyOf = [], oneOf = [] }: Node): readonly Node[] =>
  [...anyOf, ...oneOf].filter((form) => form.type !== undefined || form.anyOf !== undefined);

const row = (path: string, part: Node, needed: boolean): string =>
  `| \`${path}\` | ${cell(typeOf(part))} | ${needed ? "required" : cell(defaultOf(part))} | ${cell(part.description ?? "")} |`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const defaultOf = ({ default: value }: Node): string =>
  value === undefined ? "" : `\`${JSON.stringify(value)}\``;

function typeOf(part: Node): string {
  if (part.const !== undefined)
    return `\`${typeof part.const === "string" ? part.const : JSON.stringify(part.const)}\``;
  if (part.enum !== undefined) return part.enum.map((value) => `\`${String(value)}\``).join(", ");
  const forms = part.anyOf ?? part.oneOf;
  if (forms !== undefined) return [...new Set(forms.map(typeOf))].join(" or ");
  if (part.type === "array" && typeof part.items === "object") return `list of ${typeOf(part.items)}`;
  return (
    { object: "map", array: "list", string: "text", boolean: "true or false" }[part.type ?? ""] ??
    part.type ??
    ""
  );
}
