import { parse, stringify } from "yaml";
import { z } from "zod";
import { createMasker } from "../lib/masking.ts";
import type { Services } from "./services.ts";
import { findAction } from "./start-action.ts";

/** An action in the settings as they are, and as they were when a task of it was last accepted. YAML, without secrets. */
export interface ActionChanges {
  /** Null: it has had no task yet. */
  readonly taskId: string | null;
  /** Null also where those settings are not kept any more. */
  readonly before: string | null;
  readonly now: string;
}

/** Rejects `action:not_found`. */
export async function actionChanges(services: Services, name: string): Promise<ActionChanges> {
  findAction(services, name);
  const { store, settings } = services;
  const { text, secretValues } = settings.current();
  const last = await store.lastTaskOf(name);
  const earlier = last === null ? null : await store.getSettings(last.settingsDigest);
  const old = last === null ? null : await settings.at(last.settingsDigest);
  const masker = createMasker([...secretValues, ...(old?.secretValues ?? [])]);
  return {
    taskId: last?.id ?? null,
    before: earlier === null ? null : masker.mask(sectionOf(earlier, name)),
    now: masker.mask(sectionOf(text, name)),
  };
}

const sections = z.looseObject({ actions: z.record(z.string(), z.unknown()) });

/** As it is written, so that what comes from the environment stays a name. Empty where there is no such action. */
function sectionOf(text: string, name: string): string {
  const section = sections.safeParse(parse(text)).data?.actions[name];
  return section === undefined ? "" : stringify(withoutValues(section));
}

/** Environments may hold what nobody has called a secret: of their values only references are shown. */
function withoutValues(value: unknown, isEnv = false): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutValues(each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, withoutValues(each, isEnv || key === "env")]),
    );
  }
  return isEnv && !(typeof value === "string" && /^\$\{[^}]*\}+$/.test(value)) ? "***" : value;
}
