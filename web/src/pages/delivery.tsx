import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ReceivedWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { formatBytes, shortId } from "../format.ts";
import { useLoaded, useNews } from "../hooks.ts";
import { AskButton, useAction } from "../parts/ask.tsx";
import { Empty, Fact, Facts, Page, Panel, Problem, Table, WhenLoaded } from "../parts/basics.tsx";
import { Badge, TaskBadge } from "../parts/status.tsx";
import { TaskLink } from "../parts/tasks-table.tsx";
import { Time } from "../parts/time.tsx";
import { go, hrefTo, Link } from "../router.tsx";
import { useMay } from "../session.ts";
import { VerdictBadge } from "./deliveries.tsx";
import { DeliveryBody } from "./delivery-body.tsx";
import { EventFacts } from "./event-facts.tsx";

type Explanation = Awaited<ReturnType<typeof client.explainDelivery>>;

export function DeliveryPage({ id }: { readonly id: string }): JSX.Element {
  const loaded = useLoaded(id, () => client.explainDelivery(id));
  useNews((news) => {
    if (news.type === "task" && news.task.delivery_id === id) loaded.reload();
  });
  const [dryRun, setDryRun] = useState<ReceivedWire | null>(null);
  return (
    <Page
      title={`Delivery ${shortId(id)}`}
      heading={
        <>
          Delivery <code class="muted">{shortId(id)}</code>{" "}
          {loaded.data && <VerdictBadge {...loaded.data.delivery} />}
        </>
      }
      actions={loaded.data && <Replay id={id} source={loaded.data.delivery.source} onDryRun={setDryRun} />}
    >
      {dryRun !== null && <DryRun answer={dryRun} />}
      <WhenLoaded from={loaded}>{(explanation) => <DeliveryDetail explanation={explanation} />}</WhenLoaded>
      <DeliveryBody id={id} contentType={loaded.data?.delivery.content_type ?? null} />
    </Page>
  );
}

interface ReplayProps {
  readonly id: string;
  readonly source: string;
  readonly onDryRun: (answer: ReceivedWire) => void;
}

function Replay({ id, source, onDryRun }: ReplayProps): JSX.Element | null {
  const dryRun = useAction(async () => onDryRun(await client.replayDelivery(id, { dryRun: true })));
  if (!useMay("deploy")) return null;
  return (
    <>
      {dryRun.error !== null && <Problem>{dryRun.error}</Problem>}
      <button type="button" disabled={dryRun.busy} onClick={dryRun.run}>
        Try a replay
      </button>
      <AskButton
        label="Replay"
        question={`Take the delivery ${shortId(id)} from ${source} in once more, and start what it matches by the settings as they are now?`}
        act={async () => go(hrefTo(["deliveries", (await client.replayDelivery(id)).delivery]))}
      />
    </>
  );
}

/** What a replay would start; nothing has been stored. */
const DryRun = ({ answer }: { readonly answer: ReceivedWire }): JSX.Element => {
  const reasons = answer.reasons ?? [];
  const starts = reasons.filter(({ matched }) => matched);
  return (
    <Panel title="A replay, tried" note="by the settings as they are now; nothing was started">
      {starts.length === 0 ? (
        <Empty>It would start nothing.</Empty>
      ) : (
        <p class="pad" role="status">
          It would start {starts.map(({ action }) => action).join(", ")}.
        </p>
      )}
      <Rules reasons={reasons} />
    </Panel>
  );
};

function DeliveryDetail({ explanation }: { readonly explanation: Explanation }): JSX.Element {
  const { delivery, event, reasons, tasks } = explanation;
  const headers = Object.entries(delivery.headers);
  return (
    <>
      <div class="columns">
        <Panel title="Delivery">
          <Facts>
            <Fact name="Source">
              {delivery.source} ({delivery.kind})
            </Fact>
            <Fact name="Came">
              <Time at={delivery.received_at} />
              {delivery.remote_address !== null && ` from ${delivery.remote_address}`}
            </Fact>
            {delivery.reason !== null && <Fact name="Reason">{delivery.reason}</Fact>}
            {delivery.sender_id !== null && (
              <Fact name="Sender's id">
                <code class="break">{delivery.sender_id}</code>
              </Fact>
            )}
            {delivery.replay_of !== null && (
              <Fact name="Replay of">
                <Link href={hrefTo(["deliveries", delivery.replay_of])}>
                  <code>{shortId(delivery.replay_of)}</code>
                </Link>
              </Fact>
            )}
            <Fact name="Body">
              {formatBytes(delivery.body_size)}
              {delivery.content_type !== null && `, ${delivery.content_type}`}
            </Fact>
            <Fact name="Id">
              <code class="break">{delivery.id}</code>
            </Fact>
          </Facts>
        </Panel>
        <Panel title="What it means">
          {event === null ? (
            <Empty>Its body could not be understood.</Empty>
          ) : (
            <Facts>
              <EventFacts event={event} />
            </Facts>
          )}
          <h3>Tasks it started</h3>
          {tasks.length === 0 ? (
            <Empty>None; the rules below say why.</Empty>
          ) : (
            <ul class="plain-list">
              {tasks.map((task) => (
                <li key={task.id}>
                  {task.action} <TaskLink id={task.id} /> <TaskBadge {...task} />
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
      <Panel title="Rules" note="by the settings as they are now">
        <Rules reasons={reasons} />
      </Panel>
      {headers.length > 0 && (
        <Panel title="Headers" note="those that are kept">
          <Table label="Headers" head={["Name", "Value"]}>
            {headers.map(([name, value]) => (
              <tr key={name}>
                <td class="nowrap">
                  <code>{name}</code>
                </td>
                <td>
                  <code class="break">{value}</code>
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
    </>
  );
}

const Rules = ({ reasons }: Pick<Explanation, "reasons">): JSX.Element =>
  reasons.length === 0 ? (
    <Empty>No action of the settings has a rule that could be looked at.</Empty>
  ) : (
    <Table label="Rules" head={["Action", "Rule", "", "Why"]}>
      {reasons.map(({ action, rule, matched, explanation }) => (
        <tr key={`${action} ${rule}`}>
          <td>
            <Link href={hrefTo(["actions", action])}>{action}</Link>
          </td>
          <td class="number">{rule + 1}</td>
          <td class="nowrap">
            <Badge label={matched ? "Matches" : "Does not"} tone={matched ? "good" : "calm"} />
          </td>
          <td>{explanation}</td>
        </tr>
      ))}
    </Table>
  );
