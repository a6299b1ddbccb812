import { once } from "node:events";
import type { IncomingMessage } from "node:http";

/** A repository_dispatch event that the fake took. */
export interface FakeDispatch {
  /** `owner/name`. */
  readonly repository: string;
  readonly eventType: string;
  readonly clientPayload: Readonly<Record<string, unknown>>;
  /** Lower-case names; as the request had them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export type DispatchVerdict =
  | { readonly ok: true; readonly dispatch: FakeDispatch }
  | { readonly ok: false; readonly status: number; readonly message: string };

const MAX_BODY_BYTES = 1024 * 1024;

/** Reads a request to the end; null when it is longer than any real one. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  await once(request, "end");
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString("utf8");
}

export interface DispatchRequest {
  readonly repository: string;
  readonly headers: FakeDispatch["headers"];
  readonly body: string | null;
}

/** The limits of https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event. */
export function judgeDispatch({ repository, headers, body }: DispatchRequest): DispatchVerdict {
  const parsed = body === null ? undefined : parse(body);
  if (!isMap(parsed)) return refuse(400, "Problems parsing JSON");
  const { event_type: eventType, client_payload: clientPayload = {} } = parsed;
  if (typeof eventType !== "string" || eventType === "") {
    return refuse(422, 'Invalid request.\n\n"event_type" wasn\'t supplied.');
  }
  if (eventType.length > 100) return refuse(422, "event_type is too long (maximum is 100 characters)");
  if (!isMap(clientPayload)) return refuse(422, "Invalid request.\n\nclient_payload is not an object.");
  const count = Object.keys(clientPayload).length;
  if (count > 10) {
    return refuse(422, `Invalid request.\n\nNo more than 10 properties are allowed; ${count} were supplied.`);
  }
  if (Buffer.byteLength(JSON.stringify(clientPayload)) >= 64 * 1024) {
    return refuse(422, "client_payload is too large.");
  }
  return { ok: true, dispatch: { repository, eventType, clientPayload, headers } };
}

const refuse = (status: number, message: string): DispatchVerdict => ({ ok: false, status, message });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
