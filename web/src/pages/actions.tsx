import type { JSX } from "preact";
import { client } from "../api.ts";
import { useLoaded } from "../hooks.ts";
import { Empty, Page, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { hrefTo, Link } from "../router.tsx";

export function ActionsPage(): JSX.Element {
  const loaded = useLoaded("actions", client.listActions);
  return (
    <Page title="Actions">
      <Panel title="Actions" note="of the settings">
        <WhenLoaded from={loaded}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>
                The settings have no actions yet. Add one to <code>hookwright.yaml</code>; the server takes
                the saved file over by itself.
              </Empty>
            ) : (
              <Table label="Actions" head={["Action", "Description", "Params", "Steps"]}>
                {items.map(({ name, description, params, steps }) => (
                  <tr key={name}>
                    <td class="nowrap">
                      <Link href={hrefTo(["actions", name])}>{name}</Link>
                    </td>
                    <td>{description}</td>
                    <td>
                      {Object.keys(params).map((param) => (
                        <code key={param} class="tag">
                          {param}
                        </code>
                      ))}
                    </td>
                    <td class="muted">{steps.map((step) => step.name).join(" → ")}</td>
                  </tr>
                ))}
              </Table>
            )
          }
        </WhenLoaded>
      </Panel>
    </Page>
  );
}
