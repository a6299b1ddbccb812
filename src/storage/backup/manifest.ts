import { z } from "zod";
import { isBodyFile } from "../sqlite/body-files.ts";

/** The format of backups: raised when an older program could not read what a newer one writes. */
export const FORMAT = 1;

export const MANIFEST = "manifest.json";
export const DATABASE = "hookwright.db";
/** The folder of the files of bodies. */
const BODIES = "bodies/";

/** Nothing else is in a backup, so nothing else is ever written by a restore. */
export const isPart = (name: string): boolean =>
  name === DATABASE || (name.startsWith(BODIES) && isBodyFile(name.slice(BODIES.length)));

const partSchema = z.object({
  name: z.string().refine(isPart),
  bytes: z.number().int().nonnegative(),
  /** Hex. */
  sha256: z.string(),
});
export type Part = z.output<typeof partSchema>;

/** The last entry of a backup: one without it was cut short. */
export const manifestSchema = z.object({
  format: z.number().int(),
  /** Of the program that made it. */
  version: z.string(),
  /** Of the database. */
  schema: z.number().int(),
  createdAt: z.string(),
  deliveries: z.number().int(),
  /** Tasks that waited, and that ran, at that moment. */
  waiting: z.number().int(),
  running: z.number().int(),
  /** Deliveries whose bodies were not there any more when it was made. */
  missing: z.number().int().nonnegative().default(0),
  parts: z.array(partSchema),
});
export type Manifest = z.output<typeof manifestSchema>;
