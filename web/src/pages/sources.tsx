import type { JSX } from "preact";
import { client } from "../api.ts";
import { formatCount } from "../format.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { AskButton } from "../parts/ask.tsx";
import { Empty, Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Time } from "../parts/time.tsx";
import { hrefTo, Link } from "../router.tsx";
import { useMay } from "../session.ts";

async function load() {
  const [sources, stats] = await Promise.all([client.listSources(), client.sourceStats()]);
  return sources.items.map((source) => ({
    ...source,
    stats: stats.items.find((each) => each.source === source.name),
  }));
}

type SourceRow = Awaited<ReturnType<typeof load>>[number];

export function SourcesPage(): JSX.Element {
  const loaded = useLoaded("sources", load);
  const may = useMay("admin");
  useNews((news) => {
    if (tellsOf(news, "deliveries")) loaded.reload();
  });
  return (
    <Page
      title="Sources"
      actions={
        may && (
          <AskButton
            label="Reload the settings"
            question="Read the settings file again? One with a mistake is refused, and the settings stay as they are."
            act={async () => {
              await client.reloadSettings();
              loaded.reload();
            }}
          />
        )
      }
    >
      <Panel title="Sources" note="counts are of the last 10,000 deliveries">
        <WhenLoaded from={loaded}>
          {(sources) =>
            sources.length === 0 ? (
              <Empty>
                The settings have no sources yet. Add one to <code>hookwright.yaml</code> to receive its
                webhooks.
              </Empty>
            ) : (
              <Table
                label="Sources"
                head={[
                  "Source",
                  "Kind",
                  "Path",
                  "Last delivery",
                  "Accepted",
                  "Rejected",
                  "Refused",
                  "Missed",
                ]}
              >
                {sources.map((source) => (
                  <Row key={source.name} source={source} />
                ))}
              </Table>
            )
          }
        </WhenLoaded>
      </Panel>
    </Page>
  );
}

function Row({ source }: { readonly source: SourceRow }): JSX.Element {
  const { name, kind, path, stats, last_delivery: last } = source;
  const refused = Object.entries(source.refused);
  const rejected = stats?.rejected ?? 0;
  const all = rejected + (stats?.accepted ?? 0);
  return (
    <tr>
      <td class="nowrap">
        <Link href={hrefTo(["deliveries"], { source: name })}>{name}</Link>
      </td>
      <td>{kind}</td>
      <td>
        <code class="nowrap">{path}</code>
      </td>
      <td class="nowrap">
        {last === null ? <span class="muted">none</span> : <Time at={last.received_at} />}
      </td>
      <td class="number">{formatCount(stats?.accepted ?? 0)}</td>
      <td class={rejected > 0 ? "number bad-text" : "number"}>
        {formatCount(rejected)}
        {rejected > 0 && ` (${Math.ceil((rejected / all) * 100)}%)`}
      </td>
      <td>
        {refused.length === 0 && <span class="muted">none</span>}
        {refused.map(([code, count]) => (
          <div key={code} class="nowrap">
            {formatCount(count)} <code>{code}</code>
          </div>
        ))}
      </td>
      <td>
        <Missed source={source} />
      </td>
    </tr>
  );
}

/** What the sender says it sent and did not come in. */
const Missed = ({ source: { recoveries } }: { readonly source: SourceRow }): JSX.Element => {
  if (recoveries.length === 0) return <span class="muted">not asked for</span>;
  return (
    <>
      {recoveries.map(({ hook, error, came_in: cameIn, open, given_up: givenUp }) => (
        <div key={hook} title={error ?? hook} class={error !== null || givenUp > 0 ? "bad-text" : ""}>
          {formatCount(cameIn)} recovered, {formatCount(open)} open, {formatCount(givenUp)} given up
          {error !== null && `: ${error}`}
        </div>
      ))}
    </>
  );
};
