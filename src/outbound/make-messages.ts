import type { Action } from "../domain/action.ts";
import type { Notice } from "../domain/notice.ts";
import { newId } from "../lib/ids.ts";
import type { NewMessage } from "../storage/store.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Incidents } from "./group-failures.ts";
import type { Links } from "./links.ts";
import { endpointsOf, type Endpoints } from "./wanted.ts";
import { messageOf } from "../lib/message-of.ts";

export interface MakeMessagesInput {
  readonly notice: Notice;
  readonly endpoints: Endpoints;
  /** The notice's action as the settings have it; null: it has none, or it is gone. */
  readonly action: Pick<Action, "notify"> | null;
  readonly incidents: Incidents;
  readonly links: Links;
  readonly now: Date;
}

/** One message for each endpoint that is told of a notice. */
export function makeMessages({
  notice,
  endpoints,
  action,
  incidents,
  links,
  now,
}: MakeMessagesInput): NewMessage[] {
  const messages: NewMessage[] = [];
  for (const endpoint of endpointsOf(endpoints, action)) {
    const told = incidents.tell(endpoint, notice);
    if (told !== null) messages.push(makeMessage(endpoint, told, { links, now }));
  }
  return messages;
}

function makeMessage(
  endpoint: Endpoint,
  notice: Notice,
  { links, now }: Pick<MakeMessagesInput, "links" | "now">,
): NewMessage {
  return {
    id: newId(),
    endpoint: endpoint.name,
    type: notice.type,
    taskId: notice.task?.id ?? null,
    createdAt: now.toISOString(),
    urlDigest: endpoint.urlDigest,
    ...rendered(endpoint, notice, links),
  };
}

/** A template that fails is for people to see, and keeps nothing else up. */
function rendered(
  endpoint: Endpoint,
  notice: Notice,
  links: Links,
): Pick<NewMessage, "body" | "headers" | "error"> {
  try {
    return { ...endpoint.render(notice, links), error: null };
  } catch (error) {
    const reason = messageOf(error);
    return { body: "", headers: {}, error: `The message could not be made: ${reason}` };
  }
}
