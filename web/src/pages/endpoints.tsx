import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type AttemptWire, type EndpointWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { formatCount } from "../format.ts";
import { type Loaded, tellsOf, useLoaded, useNews } from "../hooks.ts";
import { AskButton, useAction } from "../parts/ask.tsx";
import { Empty, Page, Panel, Problem, Table, WhenLoaded } from "../parts/basics.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { useMay } from "../session.ts";
import { Messages } from "./messages.tsx";

const STATES = {
  active: { label: "Active", tone: "good" },
  paused: { label: "Paused", tone: "warn" },
  broken: { label: "Broken", tone: "bad" },
  disabled: { label: "Disabled", tone: "bad" },
  unknown: { label: "Not in the settings", tone: "calm" },
} as const satisfies Record<EndpointWire["state"], Status>;

type Endpoints = Awaited<ReturnType<typeof client.listEndpoints>>;

export function EndpointsPage(): JSX.Element {
  const loaded = useLoaded("endpoints", client.listEndpoints);
  useNews((news) => {
    if (tellsOf(news, "messages")) loaded.reload();
  });
  return (
    <Page title="Endpoints">
      <Panel title="Endpoints" note="who is told what has happened">
        <WhenLoaded from={loaded}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>
                Nobody is told. Name an endpoint under <code>notify</code> in the settings, and in the actions
                that it is to hear of.
              </Empty>
            ) : (
              <EndpointsTable endpoints={items} loaded={loaded} />
            )
          }
        </WhenLoaded>
      </Panel>
      <Messages onRetried={loaded.reload} />
    </Page>
  );
}

interface EndpointsTableProps {
  readonly endpoints: readonly EndpointWire[];
  readonly loaded: Loaded<Endpoints>;
}

function EndpointsTable({ endpoints, loaded }: EndpointsTableProps): JSX.Element {
  const may = useMay("deploy");
  return (
    <Table
      label="Endpoints"
      head={["Endpoint", "State", "URL", "Waiting", "Dead", "Last success", "Last fault", ""]}
    >
      {endpoints.map((endpoint) => (
        <tr key={endpoint.name}>
          <td>{endpoint.name}</td>
          <td class="nowrap">
            <Badge {...STATES[endpoint.state]} />
          </td>
          <td class="nowrap">{endpoint.url}</td>
          <td class="number">{formatCount(endpoint.waiting)}</td>
          <td class={endpoint.dead > 0 ? "number bad-text" : "number"}>{formatCount(endpoint.dead)}</td>
          <td class="nowrap">
            {endpoint.last_success_at !== null && <Time at={endpoint.last_success_at} />}
          </td>
          <td class="reason" title={endpoint.last_error ?? ""}>
            {endpoint.last_error}
          </td>
          <td class="end">
            {may && endpoint.kind !== null && <EndpointActions endpoint={endpoint} loaded={loaded} />}
          </td>
        </tr>
      ))}
    </Table>
  );
}

interface EndpointActionsProps {
  readonly endpoint: EndpointWire;
  readonly loaded: Loaded<Endpoints>;
}

function EndpointActions({ endpoint: { name, state }, loaded }: EndpointActionsProps): JSX.Element {
  const [attempt, setAttempt] = useState<AttemptWire | null>(null);
  const test = useAction(async () => {
    setAttempt(await client.testEndpoint(name));
    loaded.reload();
  });
  return (
    <div class="stack">
      <div class="row">
        <button type="button" disabled={test.busy} onClick={test.run} aria-label={`Test ${name}`}>
          Test
        </button>
        {state !== "active" && (
          <AskButton
            label="Enable"
            question={`Send to the endpoint ${name} again, beginning with what waits for it?`}
            act={async () => {
              await client.enableEndpoint(name);
              loaded.reload();
            }}
          />
        )}
      </div>
      {test.error !== null && <Problem>{test.error}</Problem>}
      {attempt !== null && (
        <span role="status" class={attempt.delivered ? "" : "bad-text"}>
          {attempt.delivered
            ? `Delivered: ${attempt.answer?.status ?? ""}`
            : (attempt.error ?? "Not delivered")}
        </span>
      )}
    </div>
  );
}
