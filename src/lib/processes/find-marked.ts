import { setTimeout as sleep } from "node:timers/promises";
import { hasMarker, listProcesses, type ProcessInfo, variableOf } from "./proc.ts";

/** Names one process for ever: pids come again, start times do not. */
export const identityOf = ({ pid, start }: ProcessInfo): string => `${pid}@${start}`;

/** What earlier looks found, so that later ones recognise what has cleared its environment or lost its parent. */
export interface Memory {
  readonly identities: Set<string>;
  /** Process groups and sessions that had a member at the last look, so their numbers can't have been given out anew. */
  groups: Set<number>;
}

export const createMemory = (): Memory => ({ identities: new Set(), groups: new Set() });

/**
 * One look: the live processes with the marker, all those found before, their descendants, and the other members of their
 * process groups and sessions, until nothing more comes. Never this process, its ancestors, or what shares only their groups.
 */
export function findMarked(marker: string, memory: Memory): ProcessInfo[] {
  const all = listProcesses();
  const own = ownLine(all);
  const spared = new Set(own.map(({ pid }) => pid));
  const sparedGroups = new Set(own.flatMap(({ group, session }) => [group, session]));
  const candidates = all.filter(({ pid }) => !spared.has(pid));
  const isSeed = (process: ProcessInfo): boolean =>
    memory.identities.has(identityOf(process)) || hasMarker(process.pid, marker);
  const found = spread(candidates, isSeed, { groups: memory.groups, sparedGroups });
  for (const process of found) memory.identities.add(identityOf(process));
  memory.groups = new Set(found.flatMap(groupsOf).filter((id) => !sparedGroups.has(id)));
  return found;
}

/** A process that is just becoming another program has no environment to see for a moment. */
const LOOK_AGAIN_MS = 20;

/** The values that a marker has in any process that lives now. */
export async function listMarked(name: string): Promise<ReadonlySet<string>> {
  const look = (): string[] =>
    listProcesses()
      .map(({ pid }) => variableOf(pid, name))
      .filter((value) => value !== null);
  const first = look();
  await sleep(LOOK_AGAIN_MS);
  return new Set([...first, ...look()]);
}

/** This process and its ancestors. */
function ownLine(all: readonly ProcessInfo[]): ProcessInfo[] {
  const byPid = new Map(all.map((info) => [info.pid, info]));
  const line: ProcessInfo[] = [];
  let next = byPid.get(process.pid);
  while (next !== undefined && !line.includes(next)) {
    line.push(next);
    next = byPid.get(next.parent);
  }
  return line;
}

const groupsOf = ({ group, session }: ProcessInfo): number[] => [group, session];

interface Groups {
  readonly groups: ReadonlySet<number>;
  readonly sparedGroups: ReadonlySet<number>;
}

function spread(
  candidates: readonly ProcessInfo[],
  isSeed: (process: ProcessInfo) => boolean,
  { groups: known, sparedGroups }: Groups,
): ProcessInfo[] {
  const found = new Set(candidates.filter(isSeed));
  const parents = new Set([...found].map(({ pid }) => pid));
  const groups = new Set([...known, ...[...found].flatMap(groupsOf)].filter((id) => !sparedGroups.has(id)));
  const belongs = (process: ProcessInfo): boolean =>
    parents.has(process.parent) || groups.has(process.group) || groups.has(process.session);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const process of candidates) {
      if (found.has(process) || !belongs(process)) continue;
      found.add(process);
      parents.add(process.pid);
      for (const id of groupsOf(process)) if (!sparedGroups.has(id)) groups.add(id);
    }
  }
  return [...found];
}
