import { AppError } from "../../domain/errors.ts";
import { initial } from "./0001-initial.ts";
import { recoveries } from "./0002-recoveries.ts";
import { nodes } from "./0003-nodes.ts";
import { health } from "./0004-health.ts";
import { parts } from "./0005-parts.ts";
import { retention } from "./0006-retention.ts";
import { moves } from "./0007-moves.ts";
import { missedCameIn } from "./0009-missed-came-in.ts";
import { holds } from "./0010-holds.ts";
import { releases } from "./0014-releases.ts";
import { users } from "./0015-users.ts";
import { deploys } from "./0016-deploys.ts";
import { missedDeliveries } from "./0008-missed-deliveries.ts";
import { outbound } from "./0012-outbound.ts";
import { dashboard } from "./0018-dashboard.ts";
import { audit } from "./0019-audit.ts";
import { userSessions } from "./0020-user-sessions.ts";
import { reports } from "./0021-reports.ts";

/** What is not spelled alike in both databases. */
export interface ColumnTypes {
  /** An ascending integer key. */
  readonly serial: string;
  /** For what has no common form at all. */
  readonly dialect: "sqlite" | "postgres";
}

/** Forward only, in this order; a migration is never changed once it has been released. */
const MIGRATIONS: readonly ((types: ColumnTypes) => readonly string[])[] = [
  initial,
  recoveries,
  nodes,
  health,
  parts,
  retention,
  holds,
  releases,
  missedDeliveries,
  moves,
  missedCameIn,
  outbound,
  dashboard,
  users,
  deploys,
  audit,
  userSessions,
  reports,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** The statements that bring a database from `version` to the newest. Throws when it is newer than this program. */
export function statementsSince(version: number, types: ColumnTypes): readonly string[] {
  if (version > SCHEMA_VERSION) {
    throw new AppError(
      "store:too_new",
      `The database has schema version ${version}, this program knows ${SCHEMA_VERSION}: start the newer Hookwright again, or restore a backup`,
    );
  }
  return MIGRATIONS.slice(version).flatMap((migration) => migration(types));
}
