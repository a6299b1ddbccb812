import type { JSX } from "preact";
import { deliverySchema } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { formatBytes, shortId } from "../format.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { Empty, Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Choice, Pager, TextFilter, useFilter } from "../parts/pager.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { hrefTo, Link, type Query } from "../router.tsx";

const VERDICTS = {
  accepted: { label: "Accepted", tone: "good" },
  rejected: { label: "Rejected", tone: "bad" },
} as const satisfies Record<string, Status>;

export const VerdictBadge = ({ verdict }: { readonly verdict: keyof typeof VERDICTS }): JSX.Element => (
  <Badge {...VERDICTS[verdict]} />
);

const load = ({ source, event, verdict, cursor }: Query) =>
  client.listDeliveries({
    source,
    event,
    cursor,
    verdict: deliverySchema.shape.verdict.safeParse(verdict).data,
    limit: 50,
  });

export function DeliveriesPage(): JSX.Element {
  const { query, set } = useFilter();
  const loaded = useLoaded(JSON.stringify(query), () => load(query));
  const sources = useLoaded("sources", client.listSources);
  useNews((news) => {
    if (query["cursor"] === undefined && tellsOf(news, "deliveries")) loaded.reload();
  });
  return (
    <Page title="Deliveries">
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Source"
          value={query["source"] ?? ""}
          options={(sources.data?.items ?? []).map(({ name }) => [name, name])}
          onChoose={(source) => set({ source })}
        />
        <Choice
          label="Verdict"
          value={query["verdict"] ?? ""}
          options={Object.entries(VERDICTS).map(([verdict, { label }]) => [verdict, label])}
          onChoose={(verdict) => set({ verdict })}
        />
        <TextFilter
          label="Event"
          value={query["event"] ?? ""}
          placeholder="push"
          onEnter={(event) => set({ event })}
        />
      </form>
      <Panel title="Deliveries" note="newest first">
        <WhenLoaded from={loaded}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>
                  {Object.keys(query).length > 0
                    ? "No delivery is like that."
                    : "No webhook has come yet. The page Sources has the addresses to enter at the sender."}
                </Empty>
              ) : (
                <Table
                  label="Deliveries"
                  head={["Delivery", "Source", "Event", "Verdict", "Came", "Size", "Reason"]}
                >
                  {items.map((delivery) => (
                    <tr key={delivery.id}>
                      <td>
                        <Link href={hrefTo(["deliveries", delivery.id])} title={delivery.id}>
                          <code>{shortId(delivery.id)}</code>
                        </Link>
                      </td>
                      <td>{delivery.source}</td>
                      <td class="break">{delivery.event}</td>
                      <td>
                        <VerdictBadge {...delivery} />
                      </td>
                      <td class="nowrap">
                        <Time at={delivery.received_at} />
                      </td>
                      <td class="nowrap number">{formatBytes(delivery.body_size)}</td>
                      <td class="reason" title={delivery.reason ?? ""}>
                        {delivery.reason ?? (delivery.replay_of === null ? "" : "a replay")}
                      </td>
                    </tr>
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
