import type { JSX } from "preact";
import type { TaskWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { shortId } from "../format.ts";
import { useLoaded } from "../hooks.ts";
import { Fact, Facts, WhenLoaded } from "../parts/basics.tsx";
import { TaskLink } from "../parts/tasks-table.tsx";
import { Time } from "../parts/time.tsx";
import { hrefTo, Link } from "../router.tsx";
import { useMay } from "../session.ts";
import { EventFacts } from "./event-facts.tsx";

/** Who or what started the task, and by which rule. */
export function WhyStarted({ task }: { readonly task: TaskWire }): JSX.Element {
  const by = task.started_by;
  const mayRead = useMay("read");
  return (
    <>
      {by.type === "manual" && <p>Started by {by.by}.</p>}
      {by.type === "retry" && (
        <p>
          {by.by} retried the task <TaskLink id={by.task_id} />.
        </p>
      )}
      {by.type === "part" && (
        <p>
          The part on {by.node} of the task <TaskLink id={by.task_id} />.
        </p>
      )}
      {by.type === "undo" && (
        <p>
          Undoes what the part <TaskLink id={by.part} /> of the task <TaskLink id={by.task_id} /> has done.
        </p>
      )}
      {task.delivery_id !== null && !mayRead && <p>A webhook started it.</p>}
      {task.delivery_id !== null && mayRead && (
        <ByDelivery
          id={task.delivery_id}
          action={task.action}
          rule={by.type === "delivery" ? by.rule : null}
        />
      )}
    </>
  );
}

interface ByDeliveryProps {
  readonly id: string;
  readonly action: string;
  readonly rule: number | null;
}

function ByDelivery({ id, action, rule }: ByDeliveryProps): JSX.Element {
  const loaded = useLoaded(`explain:${id}`, () => client.explainDelivery(id));
  return (
    <WhenLoaded from={loaded}>
      {({ delivery, event, reasons }) => {
        const reason = reasons.find((each) => each.action === action && each.rule === rule);
        return (
          <Facts>
            <Fact name="Delivery">
              <Link href={hrefTo(["deliveries", id])}>
                <code>{shortId(id)}</code>
              </Link>{" "}
              from {delivery.source}, <Time at={delivery.received_at} />
            </Fact>
            {event !== null && <EventFacts event={event} />}
            {rule !== null && (
              <Fact name={`Rule ${rule + 1}`}>
                {reason === undefined
                  ? "The settings have changed since: there is no such rule any more"
                  : reason.explanation}
              </Fact>
            )}
          </Facts>
        );
      }}
    </WhenLoaded>
  );
}
