import type { Action } from "../domain/action.ts";
import { AppError } from "../domain/errors.ts";
import type { Notice } from "../domain/notice.ts";
import type { Store } from "../storage/store.ts";
import { createIncidents } from "./group-failures.ts";
import type { Links } from "./links.ts";
import { makeMessages } from "./make-messages.ts";
import { makeReports } from "./reports/make-reports.ts";
import type { Reporting } from "./reports/reporting.ts";
import { type OutboundTraces, withTraceparent } from "./traces.ts";
import type { Endpoints } from "./wanted.ts";

export interface PostNoticesOptions {
  readonly store: Pick<Store, "pendingNotices" | "incidents" | "postMessages">;
  readonly endpoints: () => Endpoints;
  /** An action of the settings in force; null: they have none of that name. */
  readonly actionOf: (name: string) => Pick<Action, "notify"> | null;
  /** What forges are told of. */
  readonly reporting?: Pick<Reporting, "rules">;
  readonly links: Links;
  readonly now: Date;
  readonly traces?: Pick<OutboundTraces, "headerOf"> | null;
}

/** At once: the transaction must not keep others waiting for long. */
const BATCH = 100;

/** What it is about may have been pruned since: then there is nothing to tell. */
const isComplete = ({ type, task, delivery }: Notice): boolean =>
  type === "delivery.rejected" ? delivery !== null : task !== null;

/** Makes messages of the next notices; false when there were none. Another server's being faster is no failure. */
export async function postNotices(options: PostNoticesOptions): Promise<boolean> {
  const { store, endpoints, actionOf, reporting, links, now, traces = null } = options;
  const notices = await store.pendingNotices(BATCH);
  if (notices.length === 0) return false;
  const incidents = createIncidents(await store.incidents());
  const messages = notices.filter(isComplete).flatMap((notice) => {
    const action = notice.task === null ? null : actionOf(notice.task.action);
    const rules = reporting?.rules(notice.task?.report?.rules ?? "") ?? null;
    const traceparent = traces?.headerOf(notice) ?? null;
    const made = [
      ...makeMessages({ notice, action, incidents, endpoints: endpoints(), links, now }),
      ...(rules === null ? [] : makeReports({ notice, rules, links, now })),
    ];
    return traceparent === null ? made : made.map((each) => withTraceparent(each, traceparent));
  });
  const done = { notices: notices.map(({ id }) => id), messages, incidents: incidents.changes() };
  await store.postMessages(done).catch((error: unknown) => {
    if (!(error instanceof AppError && error.code === "store:conflict")) throw error;
  });
  return true;
}
