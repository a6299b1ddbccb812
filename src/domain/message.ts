import type { NoticeType } from "./notice.ts";

/** `waiting` for its next attempt; `delivered`; `dead`: given up; `retried`: dead, and sent anew as another message. */
export const MESSAGE_STATES = ["waiting", "delivered", "dead", "retried"] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** What one endpoint is told, as every attempt sends it. Times are RFC 3339 UTC with milliseconds. */
export interface Message {
  /** UUID v7; the receiver may go by it to notice a repetition. */
  readonly id: string;
  readonly endpoint: string;
  readonly type: NoticeType;
  readonly taskId: string | null;
  /** The message that somebody had sent anew, if this is one. */
  readonly retryOf: string | null;
  /** Names in lower case; those of the signature are made anew for each attempt. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly state: MessageState;
  /** Attempts that have ended. */
  readonly attempts: number;
  /** When the next attempt is due. */
  readonly dueAt: string;
  /** HTTP status of the last answer; null: there was none. */
  readonly status: number | null;
  /** Why the last attempt failed. */
  readonly error: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}
