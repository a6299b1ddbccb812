import type { ColumnTypes } from "./migrations.ts";

/** As AUDIT_FLOOR_DAYS in domain/audit.ts; by the database's own clock. A migration does not change when that does. */
const FLOOR_DAYS = 30;

/**
 * Who did what. The database itself refuses to change an event, and to remove a young one; docs/adr/0019. Times are compared
 * as the texts that they are.
 */
export const audit = ({ serial, dialect }: ColumnTypes): readonly string[] => [
  `create table audit_events (
    seq ${serial},
    id text not null,
    time text not null,
    actor text not null,
    action text not null,
    target text,
    way text not null,
    address text,
    result text not null,
    code text,
    details text not null
  )`,
  `create index audit_events_time on audit_events (time, seq)`,
  ...(dialect === "sqlite" ? SQLITE_GUARDS : POSTGRES_GUARDS),
];

const REFUSAL = "audit_events is append-only";

const SQLITE_GUARDS = [
  `create trigger audit_events_update before update on audit_events
   begin select raise(abort, '${REFUSAL}'); end`,
  `create trigger audit_events_delete before delete on audit_events
   when old.time >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-${FLOOR_DAYS} days')
   begin select raise(abort, '${REFUSAL}'); end`,
];

/** An unfinished copy of another store is nobody's log yet, and may be emptied. */
const POSTGRES_GUARDS = [
  `create function refuse_audit_change() returns trigger language plpgsql as $$
   begin raise exception '${REFUSAL}'; end $$`,
  `create trigger audit_events_update before update on audit_events
   for each row execute function refuse_audit_change()`,
  `create trigger audit_events_delete before delete on audit_events for each row
   when (old.time >= to_char(now() at time zone 'utc' - interval '${FLOOR_DAYS} days', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
   execute function refuse_audit_change()`,
  `create function refuse_audit_truncate() returns trigger language plpgsql as $$
   begin
     if exists (select 1 from hookwright.moves where role = 'target' and state <> 'done') then return null; end if;
     raise exception '${REFUSAL}';
   end $$`,
  `create trigger audit_events_truncate before truncate on audit_events
   for each statement execute function refuse_audit_truncate()`,
];
