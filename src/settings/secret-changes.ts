import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { z } from "zod";
import { AUDIT_ACTIONS, type AuditEvent } from "../domain/audit.ts";

/**
 * What was done to a file of secrets, which needs no server: kept beside it until a server takes it over into its audit log.
 * A line of JSON each.
 */
export interface SecretChanges {
  note(event: AuditEvent): void;
  /** Hands over what there is, and forgets it once `store` resolves. After a crash in between it is handed over again. */
  takeOver(store: (events: readonly AuditEvent[]) => Promise<void>): Promise<void>;
}

export function secretChanges(secretsFile: string): SecretChanges {
  const file = `${secretsFile}.changes`;
  const taken = `${file}.taken`;

  return {
    note(event) {
      const descriptor = openSync(file, "a", 0o600);
      try {
        writeSync(descriptor, `${JSON.stringify(event)}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
    async takeOver(store) {
      for (;;) {
        if (!existsSync(taken)) {
          if (!existsSync(file)) return;
          renameSync(file, taken);
        }
        await store(readFileSync(taken, "utf8").split("\n").flatMap(parseLine));
        rmSync(taken, { force: true });
      }
    },
  };
}

const eventSchema = z.object({
  id: z.string(),
  time: z.string(),
  actor: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  target: z.string().nullable(),
  way: z.literal("cli"),
  address: z.null(),
  result: z.literal("done"),
  code: z.null(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** Nothing of a line that a crash has cut off: what it would have told of had not been said to be done. */
function parseLine(line: string): readonly AuditEvent[] {
  if (line === "") return [];
  try {
    return [eventSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
