import { storeInspection } from "../../serve.ts";
import { findServer } from "../../local-server.ts";
import { type Check, type Finding, ok, type Patient, problem, warning } from "../finding.ts";

type Inspected = Awaited<ReturnType<Awaited<ReturnType<typeof storeInspection>>["inspectStore"]>>;

/** Whether the database is there, whole, and of this version. */
export const checkStore: Check = async ({ settings }) => {
  const { inspectStore } = await storeInspection();
  const found = await inspectStore(settings.store);
  const name = settings.store.kind === "sqlite" ? settings.store.path : "The PostgreSQL database";
  if (found.fault !== null) {
    const fix =
      settings.store.kind === "sqlite"
        ? "Restore a backup (docs/backup.md); keep the damaged file"
        : "See that the database runs, and that `store` in the settings names it";
    return [problem(`${name}: ${found.fault}`, fix)];
  }
  const bodies = found.lostBodies === 0 ? [] : [lost(name, found.lostBodies)];
  return [...bodies, await judgeSchema(name, found, settings)];
};

const lost = (name: string, count: number): Finding =>
  warning(
    `${name}: deliveries whose bodies have been lost: ${count}; they can't be replayed`,
    "Look at the disk; `hookwright backup create --allow-missing` backs up the rest (docs/backup.md)",
  );

async function judgeSchema(
  name: string,
  { schema, newest }: Inspected,
  settings: Patient["settings"],
): Promise<Finding> {
  if (schema === null) return ok(`${name} is not there yet; the server makes it`);
  if (schema > newest) {
    const fix = "Use the newer Hookwright that has used it, or restore a backup";
    return problem(`${name} is of a newer version (schema ${schema}, this knows ${newest})`, fix);
  }
  if (schema === newest) return ok(`${name} is whole and of this version (schema ${schema})`);
  const running = (await findServer(settings)) !== null;
  if (!running) return ok(`${name} is whole; the next start brings it from schema ${schema} to ${newest}`);
  const fix = "Restart the server: it runs another version than this command";
  return problem(`${name} has schema ${schema}, this version ${newest}`, fix);
}
