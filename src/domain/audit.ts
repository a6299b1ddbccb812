/** The ways by which somebody can make the server do something. */
export const AUDIT_WAYS = [
  /** Ours, with a token. */
  "api",
  /** Ours, by a browser's session. */
  "dashboard",
  /** K-App's one endpoint. */
  "kapp",
  /** The deploy API, which was nodejitsu's. */
  "nodejitsu",
  /** A webhook of a Foundries factory. */
  "foundries",
  /** A webhook of any other sender. */
  "webhook",
  /** A command that works without a running server. */
  "cli",
  /** Nobody asked: the server itself. */
  "server",
] as const;
export type AuditWay = (typeof AUDIT_WAYS)[number];

/** So old at least is an event that may be removed, whatever the settings say. Days. */
export const AUDIT_FLOOR_DAYS = 30;

/** What is recorded. Names are stable; people filter by them. */
export const AUDIT_ACTIONS = [
  "task.start",
  "task.cancel",
  "task.retry",
  "task.approve",
  "task.refuse",
  /** Nobody approved it in time. */
  "task.expire",
  "delivery.replay",
  "deploy",
  "app.rollback",
  "revision.rollback",
  "log.purge",
  "store.prune",
  "server.start",
  "settings.reload",
  "endpoint.test",
  "endpoint.enable",
  "message.retry",
  "token.create",
  "token.revoke",
  "user.add",
  "user.change",
  "user.pair",
  "user_token.create",
  "user_token.revoke",
  "secret.set",
  "secret.remove",
  "secret.rotate_key",
  "login",
  "logout",
  /** A change that the credentials do not allow; the target says which. */
  "request",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDIT_RESULTS = ["done", "refused"] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];

/** More about it: names and numbers, never a secret, a param or a payload. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>;

/** Where somebody is. */
export interface AuditPlace {
  readonly way: AuditWay;
  readonly address: string | null;
}

/** Who asks for something. */
export interface Asker {
  /** For the record: `token:ci`, `user:dscape`, `source:app`, `kapp`, `server`. */
  readonly by: string;
  /** Default: the server itself. */
  readonly place?: AuditPlace | undefined;
}

/** Nobody has asked. */
export const SERVER: Asker = { by: "server" };

/** Somebody who has not shown who they are. */
export const UNKNOWN = "unknown";

export const placeOf = ({ place }: Asker): AuditPlace => place ?? { way: "server", address: null };

/** What somebody does, or tries to. */
export interface AuditEntry {
  readonly asker: Asker;
  readonly action: AuditAction;
  /** What it is done to: `task:ID`, `token:NAME`, `endpoint:NAME`; null: nothing in particular. */
  readonly target: string | null;
  readonly details?: AuditDetails;
}

/** An entry of the audit log. Entries are written once; nothing changes them. */
export interface AuditEvent {
  /** UUID v7. */
  readonly id: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly time: string;
  /** See Asker. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string | null;
  readonly way: AuditWay;
  readonly address: string | null;
  readonly result: AuditResult;
  /** Of the refusal; null where it was done. */
  readonly code: string | null;
  readonly details: AuditDetails;
}
