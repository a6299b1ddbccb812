import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { TaskWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { shortId } from "../format.ts";
import { type Loaded, tellsOf, useLoaded, useNews } from "../hooks.ts";
import { LogView, useLog } from "../log/log-view.tsx";
import { Fact, Facts, Page, Panel, Progress, WhenLoaded } from "../parts/basics.tsx";
import { isOpen, TaskBadge } from "../parts/status.tsx";
import { TasksTable, waitingFor } from "../parts/tasks-table.tsx";
import { Time, Took } from "../parts/time.tsx";
import { hrefTo, Link } from "../router.tsx";
import { StepsTimeline } from "./task-steps.tsx";
import { TaskActions } from "./task-actions.tsx";
import { WhyStarted } from "./task-why.tsx";

function useTask(id: string): Loaded<TaskWire> {
  const loaded = useLoaded(id, () => client.getTask(id));
  useNews((news) => {
    if (news.type === "task" && news.task.id === id) loaded.patch(() => news.task);
    if (tellsOf(news, "tasks")) loaded.reload();
  });
  return loaded;
}

export function TaskPage({ id }: { readonly id: string }): JSX.Element {
  const loaded = useTask(id);
  const [purges, setPurges] = useState(0);
  const onPurged = (): void => {
    setPurges((count) => count + 1);
    loaded.reload();
  };
  const { data: task } = loaded;
  const name = task?.action ?? "Task";
  return (
    <Page
      title={`${name} ${shortId(id)}`}
      heading={
        <>
          {name} <code class="muted">{shortId(id)}</code> {task && <TaskBadge {...task} />}
        </>
      }
      actions={task && <TaskActions task={task} onChanged={loaded.reload} onPurged={onPurged} />}
    >
      <WhenLoaded from={loaded}>{(data) => <TaskDetail key={purges} task={data} />}</WhenLoaded>
    </Page>
  );
}

interface OneTask {
  readonly task: TaskWire;
}

function TaskDetail({ task }: OneTask): JSX.Element {
  const log = useLog(task.id, isOpen(task));
  const showStep = useRef<(step: number) => void>(() => undefined);
  return (
    <>
      {task.state === "RUNNING" && <Progress value={task.progress} label="Progress of the task" />}
      <div class="columns">
        <Panel title="Task">
          <TaskFacts task={task} />
        </Panel>
        <Panel title="Why it started">
          <WhyStarted task={task} />
        </Panel>
      </div>
      <StepsTimeline task={task} onChoose={(step) => showStep.current?.(step)} />
      <Parts task={task} />
      {log !== null && (
        <LogView
          log={log}
          growing={isOpen(task)}
          fileName={`${task.action}-${shortId(task.id)}.log`}
          showStep={showStep}
        />
      )}
    </>
  );
}

function TaskFacts({ task }: OneTask): JSX.Element {
  const params = Object.entries(task.params);
  return (
    <Facts>
      {task.reason !== null && <Fact name="Reason">{task.reason}</Fact>}
      {task.state === "ENQUEUED" && <Fact name="Waits">{waitingFor(task)}</Fact>}
      {task.approval !== null && task.approval.by !== null && (
        <Fact name="Approval">
          {task.approval.decision} by {task.approval.by}
        </Fact>
      )}
      <Fact name="Came">
        <Time at={task.created_at} />
      </Fact>
      {task.started_at !== null && (
        <Fact name="Began">
          <Time at={task.started_at} />, {task.ended_at === null ? "for" : "took"}{" "}
          <Took from={task.started_at} to={isOpen(task) ? null : task.ended_at} />
        </Fact>
      )}
      {task.node !== null && <Fact name="Node">{task.node}</Fact>}
      {task.group !== null && <Fact name="Group">{task.group}</Fact>}
      {task.attempt > 1 && <Fact name="Attempt">{task.attempt}</Fact>}
      {params.map(([name, value]) => (
        <Fact key={name} name={name}>
          <code class="break">{value}</code>
        </Fact>
      ))}
      <Fact name="Action">
        <Link href={hrefTo(["actions", task.action])}>{task.action}</Link>
      </Fact>
      <Fact name="Id">
        <code class="break">{task.id}</code>
      </Fact>
    </Facts>
  );
}

/** Of a task that runs on each of several nodes. */
function Parts({ task }: OneTask): JSX.Element | null {
  const parts = useLoaded(`parts:${task.id}`, () => client.listTasks({ parent_id: task.id, limit: 100 }));
  useNews((news) => {
    if (news.type === "task" && news.task.parent_id === task.id) parts.reload();
  });
  const items = parts.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Panel title="Parts" note="one on each node">
      <TasksTable label="Parts" tasks={items} />
    </Panel>
  );
}
