import type { JSX } from "preact";
import type { ReleaseWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { AskButton } from "../parts/ask.tsx";
import { Empty, Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { TaskLink } from "../parts/tasks-table.tsx";
import { Time } from "../parts/time.tsx";
import { go, hrefTo } from "../router.tsx";
import { useMay } from "../session.ts";

const STATES = {
  preparing: { label: "Preparing", tone: "busy" },
  healthy: { label: "Healthy", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  withdrawn: { label: "Withdrawn", tone: "warn" },
  removed: { label: "Removed", tone: "calm" },
} as const satisfies Record<ReleaseWire["state"], Status>;

export function AppsPage(): JSX.Element {
  const loaded = useLoaded("releases", () => client.listReleases());
  useNews((news) => {
    if (news.type === "task" || tellsOf(news, "tasks")) loaded.reload();
  });
  return (
    <Page title="Apps">
      <WhenLoaded from={loaded}>
        {({ items }) => (
          <>
            {items.length === 0 && (
              <Panel title="Apps">
                <Empty>
                  No app has a release yet. A step <code>release</code> keeps versions of an app side by side,
                  and makes a way back.
                </Empty>
              </Panel>
            )}
            {[...Map.groupBy(items, ({ app }) => app)].map(([app, releases]) => (
              <App key={app} app={app} releases={releases} />
            ))}
          </>
        )}
      </WhenLoaded>
    </Page>
  );
}

interface AppProps {
  readonly app: string;
  readonly releases: readonly ReleaseWire[];
}

function App({ app, releases }: AppProps): JSX.Element {
  const may = useMay("deploy", { app });
  const nodes = new Set(releases.map(({ node }) => node)).size;
  return (
    <Panel title={app} note={nodes > 1 ? `on ${nodes} machines` : releases[0]?.dir}>
      <Table label={`Releases of ${app}`} head={["Release", "State", "Commit", "Machine", "Made", "By", ""]}>
        {releases.map((release) => (
          <tr key={`${release.node} ${release.id}`}>
            <td class="nowrap">
              <code>{release.id}</code>
            </td>
            <td class="nowrap">
              <Badge {...STATES[release.state]} /> {release.current && <Badge label="In use" tone="busy" />}
            </td>
            <td>
              {release.commit !== null && <code title={release.commit}>{release.commit.slice(0, 12)}</code>}
            </td>
            <td>{release.node}</td>
            <td class="nowrap">
              <Time at={release.created_at} />
            </td>
            <td>
              <TaskLink id={release.task_id} />
            </td>
            <td class="end">
              {may && release.state === "healthy" && !release.current && <GoBack release={release} />}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

const GoBack = ({ release: { app, id } }: { readonly release: ReleaseWire }): JSX.Element => (
  <AskButton
    label="Put in use"
    danger
    question={`Put the release ${id} of ${app} in use again, on every machine that has it? The app is started anew.`}
    act={async () => {
      const { items } = await client.rollBackApp(app, { release: id });
      const [task] = items;
      go(task === undefined ? hrefTo(["apps"]) : hrefTo(["tasks", task.id]));
    }}
  />
);
