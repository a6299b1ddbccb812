import type { Message } from "../domain/message.ts";
import type { Notice } from "../domain/notice.ts";

/** Tells of attempts as spans. */
export interface OutboundTraces {
  /** Kept with the messages of a notice, so that whoever sends them knows where they belong; null: it is about nothing that has a trace. */
  headerOf(notice: Pick<Notice, "task" | "delivery">): string | null;
  /** Null: the message was made without traces. */
  attempt(message: Pick<Message, "id" | "endpoint" | "type" | "headers" | "attempts">): AttemptSpan | null;
}

export interface AttemptSpan {
  /** For the receiver. */
  readonly traceparent: string;
  end(result: { readonly status: number | null; readonly result: string }): void;
}

export const withTraceparent = <M extends Pick<Message, "headers">>(message: M, traceparent: string): M => ({
  ...message,
  headers: { ...message.headers, traceparent },
});
