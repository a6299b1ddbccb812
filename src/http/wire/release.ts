import type { ReleaseWire } from "../../client/schemas.ts";
import { currentRelease, type Release } from "../../domain/release.ts";

/** Releases of any apps and machines; which of them are in use shows when they are looked at together. */
export function releasesToWire(releases: readonly Release[]): ReleaseWire[] {
  const groups = Map.groupBy(releases, ({ app, node }) => `${app} ${node}`);
  const inUse = new Set([...groups.values()].map((group) => currentRelease(group)));
  return releases.map((release) => ({
    app: release.app,
    id: release.id,
    node: release.node,
    dir: release.dir,
    commit: release.commit,
    task_id: release.taskId,
    state: release.state,
    current: inUse.has(release),
    created_at: release.createdAt,
    activated_at: release.activatedAt,
  }));
}
