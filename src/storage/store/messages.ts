import type { AttemptResult, EndpointState } from "../../domain/endpoint-state.ts";
import type { Message, MessageState } from "../../domain/message.ts";
import type { Incident, Notice } from "../../domain/notice.ts";
import type { Page } from "./page.ts";

/** A message to be stored, waiting; its first attempt is due when it is made. */
export interface NewMessage extends Pick<
  Message,
  "id" | "endpoint" | "type" | "taskId" | "headers" | "body" | "createdAt"
> {
  /** Stands for the endpoint's URL: of one that is gone for good the message is dead from the start. */
  readonly urlDigest: string;
  /** Why it can't be sent at all; null: it can. */
  readonly error: string | null;
  /** Of the endpoint's messages with the same, each waits for the one before. Default: it waits for none. */
  readonly orderKey?: string;
}

export interface NewPost {
  /** The notices that the messages come of; they are done with then. */
  readonly notices: readonly string[];
  readonly messages: readonly NewMessage[];
  readonly incidents: readonly IncidentChange[];
}

export interface IncidentChange {
  readonly endpoint: string;
  readonly action: string;
  /** The version that the decision was made by; null: there was no incident. */
  readonly expected: number | null;
  /** Null: it is over. */
  readonly next: Pick<Incident, "failures" | "toldAt"> | null;
}

/** What a sender asks for: the endpoints that it has room for. */
export interface MessageClaim {
  readonly node: string;
  readonly now: string;
  readonly leaseMs: number;
  readonly endpoints: readonly ClaimedEndpoint[];
}

export interface ClaimedEndpoint {
  readonly name: string;
  readonly urlDigest: string;
  readonly limit: number;
  /** One after the other, in the order in which they came about. */
  readonly ordered: boolean;
  /** The same, but only of those with the same order key. */
  readonly keyed?: boolean;
}

export interface SettledMessage {
  readonly id: string;
  readonly endpoint: string;
  readonly result: AttemptResult;
  /** When the next attempt is due; null: there is none, it is delivered or dead. */
  readonly dueAt: string | null;
}

export interface MessageFilter {
  readonly endpoint?: string | undefined;
  readonly state?: MessageState | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

export interface EndpointRecord extends EndpointState {
  readonly name: string;
  readonly waiting: number;
  readonly dead: number;
}

/** What endpoints are told. See Store. */
export interface MessageStore {
  /** What has happened and is not made into messages yet, oldest first. */
  pendingNotices(limit: number): Promise<readonly Notice[]>;
  incidents(): Promise<readonly Incident[]>;
  /** Makes notices into messages. Rejects `store:conflict`, and changes nothing, when another server was faster: read again. */
  postMessages(input: NewPost): Promise<void>;
  /**
   * Leases messages whose attempt is due, by the database's clock. None of an endpoint that asked for a pause, is disabled,
   * or whose breaker is open; one at a time where it may close again.
   */
  claimMessages(input: MessageClaim): Promise<readonly Message[]>;
  /** Records attempts of `node`, and what they say of their endpoints. */
  settleMessages(input: {
    readonly node: string;
    readonly results: readonly SettledMessage[];
  }): Promise<void>;
  /** Gives leases back: all, or those that `node` holds. */
  releaseMessages(input: { readonly node: string | null }): Promise<void>;
  listMessages(filter: MessageFilter): Promise<Page<Message>>;
  getMessage(id: string): Promise<Message | null>;
  /** Has the same bytes sent anew as another message; null when there is no such message, or it still waits. */
  retryMessage(input: { readonly id: string; readonly now: string }): Promise<Message | null>;
  /** The same for every dead message, of one endpoint or of all. Resolves with how many there were. */
  retryDeadMessages(input: { readonly endpoint: string | null; readonly now: string }): Promise<number>;
  endpointRecords(): Promise<readonly EndpointRecord[]>;
  /** Closes the breaker, ends a pause, and takes an endpoint back that was disabled. */
  enableEndpoint(name: string): Promise<void>;
  /** Forgets messages that ended before: delivered and retried ones, and dead ones. */
  pruneMessages(input: { readonly deliveredBefore: string; readonly deadBefore: string }): Promise<void>;
}
