import type { JSX } from "preact";
import { type MessageWire, messageSchema } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { shortId } from "../format.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { AskButton } from "../parts/ask.tsx";
import { Empty, Panel, Table, WhenLoaded } from "../parts/basics.tsx";
import { Choice, Pager, useFilter } from "../parts/pager.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { TaskLink } from "../parts/tasks-table.tsx";
import { Time } from "../parts/time.tsx";
import { useMay } from "../session.ts";

const STATES = {
  waiting: { label: "Waiting", tone: "calm" },
  delivered: { label: "Delivered", tone: "good" },
  dead: { label: "Dead", tone: "bad" },
  retried: { label: "Sent anew", tone: "calm" },
} as const satisfies Record<MessageWire["state"], Status>;

/** What endpoints were told, or could not be. */
export function Messages({ onRetried }: { readonly onRetried: () => void }): JSX.Element {
  const { query, set } = useFilter();
  const may = useMay("deploy");
  const { cursor } = query;
  const state = messageSchema.shape.state.safeParse(query["state"]).data;
  const loaded = useLoaded(JSON.stringify(query), () => client.listMessages({ state, cursor, limit: 50 }));
  useNews((news) => {
    if (cursor === undefined && tellsOf(news, "messages")) loaded.reload();
  });
  const retried = (): void => {
    loaded.reload();
    onRetried();
  };
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Messages"
          value={state ?? ""}
          options={Object.entries(STATES).map(([value, { label }]) => [value, label])}
          onChoose={(chosen) => set({ state: chosen })}
        />
        {may && (
          <AskButton
            label="Send all dead ones anew"
            question="Send every message anew that was given up, of every endpoint?"
            act={async () => {
              await client.retryMessages(null);
              retried();
            }}
          />
        )}
      </form>
      <Panel title="Messages" note="newest first">
        <WhenLoaded from={loaded}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>No message is like that.</Empty>
              ) : (
                <Table
                  label="Messages"
                  head={["Message", "Endpoint", "Type", "State", "Task", "Made", "Fault", ""]}
                >
                  {items.map((message) => (
                    <Row key={message.id} message={message} may={may} onRetried={retried} />
                  ))}
                </Table>
              )}
              <Pager next={next} />
            </>
          )}
        </WhenLoaded>
      </Panel>
    </>
  );
}

interface RowProps {
  readonly message: MessageWire;
  readonly may: boolean;
  readonly onRetried: () => void;
}

const Row = ({ message, may, onRetried }: RowProps): JSX.Element => (
  <tr>
    <td>
      <code title={message.id}>{shortId(message.id)}</code>
    </td>
    <td>{message.endpoint}</td>
    <td>{message.type}</td>
    <td class="nowrap">
      <Badge {...STATES[message.state]} />
      {message.attempts > 1 && <div class="muted">{message.attempts} attempts</div>}
    </td>
    <td>{message.task_id !== null && <TaskLink id={message.task_id} />}</td>
    <td class="nowrap">
      <Time at={message.created_at} />
    </td>
    <td class="reason" title={message.error ?? ""}>
      {message.error}
    </td>
    <td class="end">
      {may && message.state === "dead" && (
        <AskButton
          label="Send anew"
          question={`Send the message ${shortId(message.id)} (${message.type}) to ${message.endpoint} anew?`}
          act={async () => {
            await client.retryMessage(message.id);
            onRetried();
          }}
        />
      )}
    </td>
  </tr>
);
