import type { JSX } from "preact";
import { client } from "../api.ts";
import { useLoaded, useNews } from "../hooks.ts";
import { Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Badge } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";

export function NodesPage(): JSX.Element {
  const loaded = useLoaded("nodes", client.listNodes);
  useNews((news) => {
    if (news.type === "task") loaded.reload();
  });
  return (
    <Page title="Nodes">
      <Panel title="Nodes" note="the servers on this store; lost ones for a day">
        <WhenLoaded from={loaded}>
          {({ items }) => (
            <Table
              label="Nodes"
              head={["Node", "State", "Tasks", "Roles", "Labels", "Version", "Began", "Heard of"]}
            >
              {items.map((node) => (
                <tr key={node.id}>
                  <td class="nowrap" title={node.id}>
                    {node.name}
                  </td>
                  <td>
                    <Badge label={node.alive ? "Alive" : "Lost"} tone={node.alive ? "good" : "bad"} />
                  </td>
                  <td class="number">{node.tasks}</td>
                  <td>{node.roles.join(", ")}</td>
                  <td>
                    {node.labels.map((label) => (
                      <code key={label} class="tag">
                        {label}
                      </code>
                    ))}
                  </td>
                  <td>{node.version}</td>
                  <td class="nowrap">
                    <Time at={node.started_at} />
                  </td>
                  <td class="nowrap">
                    <Time at={node.seen_at} />
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </WhenLoaded>
      </Panel>
    </Page>
  );
}
