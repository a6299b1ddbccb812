import { resolve } from "node:path";
import { z } from "zod";
import type { Sandbox } from "../domain/action.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { forbidTemplates } from "./templates.ts";

/** As useradd takes them; never a number, and nothing that could be a template. */
const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/;

export const user = () =>
  z.string().regex(ACCOUNT, "expected the name of an account of this machine, such as deploy").optional();

const paths = (what: string) =>
  z.array(z.string().min(1)).default([]).describe(`${what}, from the settings file's folder.`);

const fences = z.strictObject({
  network: z.boolean().default(true).describe("False: it reaches nothing, not even this machine."),
  write: paths("What it may write to beside the action's folder"),
  read: paths(
    "What it may read although it lies in what is empty for it (/tmp, /run, the home, other actions' folders) or hidden (the settings file's folder)",
  ),
});

export const sandbox = () => z.union([z.boolean(), fences]).optional();

type Given = z.output<ReturnType<typeof sandbox>>;

/** False where it says so; null where it says nothing. */
export function readSandbox(reading: Reading, given: Given, path: KeyPath): Sandbox | false | null {
  if (given === undefined) return null;
  if (given === false) return false;
  const { network, write, read } = given === true ? fences.parse({}) : given;
  forbidTemplates(reading, [write, read], path);
  const absolute = (list: readonly string[], key: string): string[] =>
    list.map((each, index) => resolve(reading.dir, String(reading.expand(each, [...path, key, index]))));
  return { network, write: absolute(write, "write"), read: absolute(read, "read") };
}
