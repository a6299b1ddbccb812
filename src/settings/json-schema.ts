import { z } from "zod";
import { builtInKinds, type Kinds } from "./kinds.ts";
import { settingsSchema } from "./schema.ts";

/** The JSON Schema (draft 2020-12) of `hookwright.yaml`, for editors. */
export const settingsJsonSchema = (kinds: Kinds = builtInKinds): Record<string, unknown> => ({
  ...z.toJSONSchema(settingsSchema(kinds), { io: "input", unrepresentable: "any" }),
  title: "hookwright.yaml",
});
