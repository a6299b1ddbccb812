import type { JSX } from "preact";
import type { TaskWire } from "../../../src/client/schemas.ts";
import { formatExact, shortId } from "../format.ts";
import { hrefTo, Link } from "../router.tsx";
import { Progress, Table } from "./basics.tsx";
import { isOpen, TaskBadge } from "./status.tsx";
import { Time, Took } from "./time.tsx";

export const TaskLink = ({ id }: { readonly id: string }): JSX.Element => (
  <Link href={hrefTo(["tasks", id])} title={id}>
    <code>{shortId(id)}</code>
  </Link>
);

/** Why a task waits, and in which place. */
export function waitingFor({ hold, position, group, runs_on: runsOn }: TaskWire): string {
  if (hold?.type === "approval") return `For an approval, until ${formatExact(hold.until)}`;
  if (hold !== null) return hold.reason;
  const place = position === null ? "Waits" : `Place ${position}`;
  const where = group === null ? " of the tasks without a group" : ` in the group ${group}`;
  const nodes = runsOn === null ? "" : `, for a node with the label ${runsOn.join(" or ")}`;
  return place + where + nodes;
}

const wordOf = (task: TaskWire): string =>
  task.state === "ENQUEUED" ? waitingFor(task) : (task.reason ?? "");

/** `webhook`, `retry by token:ci`. */
export function starterOf({ started_by: by }: TaskWire): string {
  if (by.type === "delivery") return "webhook";
  if (by.type === "part" || by.type === "undo") return `${by.type} of a task`;
  return by.type === "retry" ? `retry by ${by.by}` : by.by;
}

interface TasksTableProps {
  readonly label: string;
  readonly tasks: readonly TaskWire[];
}

export const TasksTable = ({ label, tasks }: TasksTableProps): JSX.Element => (
  <Table label={label} head={["Task", "Action", "State", "Began", "Took", "Started by", "Reason"]}>
    {tasks.map((task) => (
      <tr key={task.id}>
        <td>
          <TaskLink id={task.id} />
        </td>
        <td class="action" title={task.action}>
          <Link href={hrefTo(["actions", task.action])}>{task.action}</Link>
        </td>
        <td class="state">
          <TaskBadge {...task} />
          {task.state === "RUNNING" && (
            <Progress value={task.progress} label={`Progress of ${task.action}`} />
          )}
        </td>
        <td class="nowrap">
          <Time at={task.started_at ?? task.created_at} />
        </td>
        <td class="nowrap number">
          {task.started_at !== null && (
            <Took from={task.started_at} to={isOpen(task) ? null : task.ended_at} />
          )}
        </td>
        <td class="nowrap muted">{starterOf(task)}</td>
        <td class="reason" title={wordOf(task)}>
          {wordOf(task)}
        </td>
      </tr>
    ))}
  </Table>
);
