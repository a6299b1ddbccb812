import { type ProblemWire, problemSchema, type ReceivedWire, receivedSchema } from "../client/schemas.ts";
import type { MadeRequest } from "../senders/sender.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { deepestMessage } from "../lib/message-of.ts";

/** What a receiver of webhooks answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Where it was Hookwright, and took it. */
  readonly received: ReceivedWire | null;
  /** Where it was Hookwright, and did not. */
  readonly problem: ProblemWire | null;
  /** Id of the delivery, also where the kind's sender is answered in words of its own. */
  readonly delivery: string | null;
}

/** As long as the most patient of the senders. */
const TIMEOUT_MS = 30_000;
const MAX_TEXT = 64 * 1024;

/** Sends a webhook. The secret of a kind that has it in the URL is put there. */
export async function post(
  url: string,
  { headers, body, pathSecret }: MadeRequest,
  request: typeof fetch = fetch,
): Promise<Answer> {
  const target = pathSecret === null ? url : `${url.replace(/\/$/, "")}/${encodeURIComponent(pathSecret)}`;
  const init = { method: "POST", headers, body: new Uint8Array(body), redirect: "manual" } as const;
  const response = await request(target, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (error: unknown) => {
      throw new CliError(EXIT.noServer, `${url} could not be reached: ${deepestMessage(error)}`);
    },
  );
  const text = (await response.text()).slice(0, MAX_TEXT);
  const json = parse(text);
  const received = receivedSchema.safeParse(json).data ?? null;
  const problem = problemSchema.safeParse(json).data ?? null;
  return {
    status: response.status,
    text,
    received,
    problem,
    delivery: deliveryOf(response, received, problem),
  };
}

function deliveryOf(
  { headers }: Response,
  received: ReceivedWire | null,
  problem: ProblemWire | null,
): string | null {
  const [, located = null] = /^\/api\/v1\/deliveries\/([^/]+)$/.exec(headers.get("location") ?? "") ?? [];
  const rejected = problem?.["delivery_id"];
  return received?.delivery ?? located ?? (typeof rejected === "string" ? rejected : null);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
