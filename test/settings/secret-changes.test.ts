import { appendFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AuditEvent } from "../../src/domain/audit.ts";
import { secretChanges, type SecretChanges } from "../../src/settings/secret-changes.ts";

let dir: string;
let changes: SecretChanges;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-changes-"));
  changes = secretChanges(join(dir, "secrets.enc"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const anEvent = (id: string): AuditEvent => ({
  id,
  time: "2026-01-01T00:00:00.000Z",
  actor: "cli:root",
  action: "secret.set",
  target: "secret:ops",
  way: "cli",
  address: null,
  result: "done",
  code: null,
  details: {},
});

async function takeOver(): Promise<readonly AuditEvent[]> {
  const taken: AuditEvent[] = [];
  await changes.takeOver(async (events) => void taken.push(...events));
  return taken;
}

it("changes are handed over once, and leave nothing behind", async () => {
  changes.note(anEvent("a"));
  changes.note(anEvent("b"));
  expect(await takeOver()).toEqual([anEvent("a"), anEvent("b")]);
  expect(await takeOver()).toEqual([]);
  expect(readdirSync(dir)).toEqual([]);
});

it("changes that could not be stored are handed over again, with those that came since", async () => {
  changes.note(anEvent("a"));
  const full = new Error("the disk is full");
  await expect(changes.takeOver(() => Promise.reject(full))).rejects.toThrow(full);
  changes.note(anEvent("b"));
  expect(await takeOver()).toEqual([anEvent("a"), anEvent("b")]);
});

it("a line that a crash has cut off does not keep the others back", async () => {
  changes.note(anEvent("a"));
  appendFileSync(join(dir, "secrets.enc.changes"), '{"id":"b","ti');
  expect(await takeOver()).toEqual([anEvent("a")]);
});
