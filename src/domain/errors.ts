/**
 * The catalogue of errors: code → HTTP status and title.
 * Codes are stable; clients may test them. A code names the fault, never the place it was noticed in.
 */
export const ERRORS = {
  "auth:missing": [401, "No credentials were given"],
  "auth:bad_credentials": [401, "The credentials are not valid"],
  "auth:forbidden": [403, "The token's scopes do not allow this"],
  "auth:cross_site": [403, "The change may not come from the dashboard"],
  "auth:too_many_failures": [429, "Too many failed attempts"],
  "rate:limited": [429, "Too many requests"],
  "signature:missing": [401, "The request carries no signature"],
  "signature:invalid": [401, "The signature does not match the body"],
  "signature:expired": [401, "The signed timestamp is outside the allowed window"],
  "body:too_large": [413, "The body is larger than this source allows"],
  "body:malformed": [400, "The body is not what its content type says"],
  "body:timeout": [408, "The body did not arrive in time"],
  "body:unsupported": [415, "The content type is not supported here"],
  "server:busy": [503, "The server has too much at hand"],
  "server:listen": [500, "The server can't listen on its address"],
  "server:tls": [500, "The server's certificate can't be used"],
  "server:draining": [503, "The server is shutting down"],
  "store:unavailable": [503, "The store did not take it; nothing was accepted"],
  "store:conflict": [503, "Others changed the same thing at the same time"],
  "store:locked": [503, "Another server has this database open"],
  "store:moving": [503, "The store is being moved to another database"],
  "store:moved": [503, "The store has been moved to another database"],
  "store:not_empty": [409, "The database holds other data"],
  "store:differs": [500, "The copy is not like the original"],
  "store:not_found": [404, "There is no such database"],
  "store:too_new": [503, "The database is from a newer version"],
  "backup:invalid": [400, "The file is no whole backup"],
  "store:restoring": [503, "A restore into this place did not come to its end"],
  "backup:incomplete": [409, "Bodies of deliveries are missing"],
  "backup:exists": [409, "There is a file of that name"],
  "backup:unwritable": [500, "The folder can't be written to"],
  "source:address": [403, "The source takes no webhooks from this address"],
  "source:keys": [503, "The sender's public keys could not be fetched"],
  "channel:not_found": [404, "No such channel"],
  "channel:exists": [409, "There is a channel of that name"],
  "channel:full": [503, "The channel holds as much as it may"],
  "source:not_found": [404, "No such source"],
  "action:not_found": [404, "No such action"],
  "task:not_found": [404, "No such task"],
  "task:not_cancellable": [409, "The task has ended or is being cancelled already"],
  "task:not_retryable": [409, "The task has not ended yet"],
  "task:not_owner": [409, "Another node has taken the task over"],
  "task:rejected": [409, "Another task of its concurrency group is in the way"],
  "log:in_use": [409, "The task has not ended, and writes its log"],
  "approval:not_needed": [409, "The task needs no approval"],
  "approval:decided": [409, "The task has been approved or refused already"],
  "approval:expired": [409, "The time for an approval is over"],
  "approval:ended": [409, "The task ended before anybody approved it"],
  "delivery:not_found": [404, "No such delivery"],
  "delivery:no_body": [410, "The delivery's body is no longer kept"],
  "delivery:not_replayable": [409, "The delivery was rejected; there is nothing to replay"],
  "user:exists": [409, "There is a user of that name"],
  "user:not_found": [404, "No such user"],
  "user:broken": [500, "The user's record can't be used"],
  "token:exists": [409, "There is a live token of that name"],
  "token:not_found": [404, "No such token"],
  "endpoint:not_found": [404, "No such endpoint"],
  "message:not_found": [404, "No such message, or it has not ended yet"],
  "secrets:not_found": [404, "No such secret"],
  "secrets:unreadable": [500, "The stored secrets can't be opened"],
  "rollback:no_healthy_revision": [409, "No healthy revision to go back to is known"],
  "rollback:not_healthy": [409, "The revision was never reported healthy"],
  "rollback:current": [409, "The application is at that revision already"],
  "rollback:repeated": [409, "The revision was rolled back from already"],
  "rollback:no_action": [409, "No action rolls the application back"],
  "rollback:limit": [409, "The application was rolled back too often within an hour"],
  "rollback:exhausted": [409, "The rollback degraded again, and there is nothing further back"],
  "release:not_found": [404, "No such release"],
  "release:none_earlier": [409, "No earlier healthy release is known"],
  "params:invalid": [400, "The params do not fit the action"],
  "request:invalid": [400, "The request is not valid"],
  "request:not_found": [404, "Nothing is here"],
  "request:method": [405, "The method is not allowed here"],
  "settings:invalid": [500, "The settings are not valid"],
  "settings:exists": [409, "There is a settings file already"],
  "settings:not_found": [500, "There is no settings file"],
  "user:unknown": [500, "There is no such account on this machine"],
  "user:not_allowed": [500, "Commands can't run as that account"],
  "user:folder": [500, "The account can't work in that folder"],
  "sandbox:unavailable": [500, "There can be no sandbox on this machine"],
  "step:failed": [500, "A step failed"],
  "deploy:db:failed_to_store_payload": [503, "The store did not take the payload"],
  "deploy:provider:not_supported": [400, "The payload is not one that can be deployed"],
  "deploy:no_payload": [400, "There is no payload"],
  "deploy:auth:bad_creds": [401, "The Basic credentials are not valid, or not good for this"],
  "deploy:github:no_pkg_json": [502, "There is no package.json that can be read"],
  "deploy:github:download_tarball": [502, "The archive of the commit could not be fetched"],
  "deploy:nodejitsu:upload_tarball": [502, "The release could not be made of the archive"],
  "deploy:nodejitsu:start_app": [500, "The app did not start"],
  "deploy:tar:failed": [500, "The archive could not be unpacked"],
  "mw:auth:not_you": [401, "These data are another user's"],
  "mw:auth:auth_server_down": [500, "The credentials could not be checked"],
  "mw:auth:unauthorized": [401, "The user name and password do not match"],
  "mw:auth:no_username": [401, "The user's record is in a bad state"],
  "mw:auth:too_many_failures": [429, "Too many failed logins"],
  "status:db:not_found": [404, "There is no such entry"],
  "status:db:get_by_id": [500, "The store could not be asked"],
  "status:db:query_fail": [500, "The store could not be asked"],
  "status:changes:timeout": [408, "Nothing happened in time; connect again"],
  "status:changes:fatal": [500, "The changes could not be followed any longer"],
  "auth:github:get_user_failed": [500, "The user could not be read"],
  "auth:github:update_user_failed": [500, "The credentials could not be kept"],
  "auth:github:no_credentials": [400, "There are no credentials"],
  "auth:github:bad_credentials": [400, "The credentials are not of the form githubUser:token"],
  "auth:github:github_pairing_failed": [401, "GitHub does not take the credentials"],
  internal: [500, "Something went wrong on the server"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERRORS;

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Seconds after which trying again may help; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** Shown to the client as further members of the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error that its receiver is meant to see: a stable code and a sentence that helps. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryAfter: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, options: AppErrorOptions = {}) {
    super(message ?? ERRORS[code][1], options.cause === undefined ? {} : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.retryAfter = options.retryAfter;
    this.details = options.details ?? {};
  }

  get status(): number {
    return ERRORS[this.code][0];
  }

  get title(): string {
    return ERRORS[this.code][1];
  }
}
