import type { JSX } from "preact";
import { auditEventSchema, type AuditEventWire } from "../../../src/client/audit.ts";
import { client } from "../api.ts";
import { formatExact, shortId } from "../format.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { Empty, Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Needs } from "../parts/needs.tsx";
import { Choice, Pager, TextFilter, useFilter } from "../parts/pager.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { hrefTo, Link, type Query } from "../router.tsx";

const { action: actions, result: results } = auditEventSchema.shape;

const RESULTS = {
  done: { label: "Done", tone: "good" },
  refused: { label: "Refused", tone: "bad" },
} as const satisfies Record<AuditEventWire["result"], Status>;

const WAYS: Readonly<Record<AuditEventWire["way"], string>> = {
  api: "API",
  dashboard: "Dashboard",
  kapp: "K-App API",
  nodejitsu: "Deploy API",
  foundries: "Foundries",
  webhook: "Webhook",
  cli: "Command line",
  server: "Server",
};

const DAY_MS = 24 * 60 * 60 * 1_000;
const SINCE = [
  ["1", "The last day"],
  ["7", "The last week"],
  ["30", "The last 30 days"],
] as const;

const load = ({ actor, action, target, result, days, cursor }: Query) =>
  client.listAudit({
    actor,
    target,
    cursor,
    action: actions.safeParse(action).data,
    result: results.safeParse(result).data,
    since: sinceOf(days),
    limit: 50,
  });

function sinceOf(days: string | undefined): string | undefined {
  const known = SINCE.find(([value]) => value === days);
  return known === undefined ? undefined : new Date(Date.now() - Number(known[0]) * DAY_MS).toISOString();
}

export const AuditPage = (): JSX.Element => (
  <Needs scope="admin" title="Audit">
    <Audit />
  </Needs>
);

function Audit(): JSX.Element {
  const { query } = useFilter();
  const loaded = useLoaded(JSON.stringify(query), () => load(query));
  useNews((news) => {
    if (query["cursor"] === undefined && tellsOf(news, "audit")) loaded.reload();
  });
  return (
    <Page title="Audit">
      <Filters />
      <Panel title="Who did what" note="newest first">
        <WhenLoaded from={loaded}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>
                  {next === null
                    ? "Nobody has done anything like that."
                    : "Nothing like that among the newest."}
                </Empty>
              ) : (
                <Table label="Events" head={["When", "Who", "What", "To", "Way", "Result", "Details"]}>
                  {items.map((event) => (
                    <Row key={event.id} event={event} />
                  ))}
                </Table>
              )}
              <Pager next={next} />
            </>
          )}
        </WhenLoaded>
      </Panel>
    </Page>
  );
}

function Filters(): JSX.Element {
  const { query, set } = useFilter();
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <TextFilter
        label="Who"
        value={query["actor"] ?? ""}
        placeholder="token:ci"
        onEnter={(actor) => set({ actor })}
      />
      <Choice
        label="What"
        value={query["action"] ?? ""}
        options={actions.options.map((action) => [action, action])}
        onChoose={(action) => set({ action })}
      />
      <TextFilter
        label="To"
        value={query["target"] ?? ""}
        placeholder="task:019a…"
        onEnter={(target) => set({ target })}
      />
      <Choice
        label="Result"
        value={query["result"] ?? ""}
        options={Object.entries(RESULTS).map(([result, { label }]) => [result, label])}
        onChoose={(result) => set({ result })}
      />
      <Choice label="When" value={query["days"] ?? ""} options={SINCE} onChoose={(days) => set({ days })} />
    </form>
  );
}

const Row = ({ event }: { readonly event: AuditEventWire }): JSX.Element => (
  <tr>
    <td class="nowrap">
      <Time at={event.time} />
    </td>
    <td class="name" title={event.actor}>
      {event.actor}
    </td>
    <td class="nowrap">{event.action}</td>
    <td class="name" title={event.target ?? ""}>
      {event.target !== null && <Target target={event.target} />}
    </td>
    <td class="nowrap">
      {WAYS[event.way]}
      <div class="muted">{event.address}</div>
    </td>
    <td class="nowrap">
      <Badge {...RESULTS[event.result]} />
    </td>
    <td class="break details">
      {event.code !== null && <div class="bad-text">{event.code}</div>}
      {inWords(event.details)}
    </td>
  </tr>
);

const PAGES: Readonly<Record<string, string>> = { task: "tasks", delivery: "deliveries", action: "actions" };

/** What has a page of its own is a link to it. */
function Target({ target }: { readonly target: string }): JSX.Element {
  const [kind = "", ...rest] = target.split(":");
  const id = rest.join(":");
  const page = PAGES[kind];
  if (page === undefined) return <>{target}</>;
  return (
    <Link href={hrefTo([page, id])}>
      {kind} {kind === "action" ? id : <code>{shortId(id)}</code>}
    </Link>
  );
}

const inWords = (details: AuditEventWire["details"]): string =>
  Object.entries(details)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${shown(String(value))}`)
    .join(", ");

/** Ids and digests as short as elsewhere, times as people write them. */
function shown(value: string): string {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) return shortId(value);
  if (/^[0-9a-f]{40,}$/.test(value)) return value.slice(0, 12);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? formatExact(value) : value;
}
