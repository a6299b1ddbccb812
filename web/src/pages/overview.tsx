import type { JSX } from "preact";
import type { TaskStatsWire, TaskWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { formatDuration, plural } from "../format.ts";
import { tellsOf, useEvery, useLoaded, useNews } from "../hooks.ts";
import { Empty, Page, Panel, Progress, WhenLoaded } from "../parts/basics.tsx";
import { DaysChart, daysOf, successOf } from "../parts/chart.tsx";
import { isOpen, TaskBadge } from "../parts/status.tsx";
import { starterOf, TaskLink, TasksTable, waitingFor } from "../parts/tasks-table.tsx";
import { Time, Took } from "../parts/time.tsx";
import { hrefTo, Link } from "../router.tsx";

const DAYS = 14;
const SHOWN = 20;
const ENDED = 10;

async function loadTasks() {
  const [running, undoing, waiting, latest] = await Promise.all([
    client.listTasks({ state: "RUNNING", limit: SHOWN }),
    client.listTasks({ state: "CANCELLING", limit: SHOWN }),
    client.listTasks({ state: "ENQUEUED", limit: SHOWN }),
    client.listTasks({ limit: 50 }),
  ]);
  return {
    running: [...running.items, ...undoing.items],
    // Oldest first, as they will run; of many, the newest are read, and that there are more is said.
    waiting: waiting.items.toReversed(),
    moreWait: waiting.next !== null,
    ended: latest.items.filter((task) => !isOpen(task)).slice(0, ENDED),
  };
}

export function OverviewPage(): JSX.Element {
  const tasks = useLoaded("overview", loadTasks);
  const stats = useLoaded("stats", () => client.taskStats({ days: DAYS }));
  // Where counting is dear, the server answers with what it counted a while ago.
  useEvery(10_000, stats.reload);
  useNews((news) => {
    if (news.type === "task") {
      const { task } = news;
      const known = tasks.data?.running.some(({ id }) => id === task.id) === true;
      if (known && isOpen(task)) tasks.patch((data) => ({ ...data, running: replaced(data.running, task) }));
      else tasks.reload();
      if (!isOpen(task)) stats.reload();
    }
    if (tellsOf(news, "tasks", "deliveries")) tasks.reload();
  });
  return (
    <Page title="Overview">
      <WhenLoaded from={tasks}>
        {({ running, waiting, moreWait, ended }) => (
          <>
            <div class="columns">
              <Panel title="Running" note={running.length === 0 ? undefined : plural(running.length, "task")}>
                {running.length === 0 ? (
                  <Empty>
                    Nothing runs. Push to a connected repository, or start one of the{" "}
                    <Link href={hrefTo(["actions"])}>actions</Link>.
                  </Empty>
                ) : (
                  <ul class="cards">
                    {running.map((task) => (
                      <RunningTask key={task.id} task={task} />
                    ))}
                  </ul>
                )}
              </Panel>
              <Panel
                title="Waiting"
                note={
                  waiting.length === 0
                    ? undefined
                    : `${moreWait ? "more than " : ""}${plural(waiting.length, "task")}`
                }
              >
                {waiting.length === 0 ? (
                  <Empty>
                    Nothing waits. Tasks of one group run one after the other; those behind wait here.
                  </Empty>
                ) : (
                  <ul class="cards">
                    {waiting.map((task) => (
                      <WaitingTask key={task.id} task={task} />
                    ))}
                  </ul>
                )}
              </Panel>
            </div>
            <WhenLoaded from={stats}>{(data) => <Statistics stats={data} />}</WhenLoaded>
            <Panel title="Ended lately" note={<Link href={hrefTo(["tasks"])}>All tasks</Link>}>
              {ended.length === 0 ? (
                <Empty>
                  No task has ended yet. On a fresh server, <code>npm run demo</code> deploys a small site.
                </Empty>
              ) : (
                <TasksTable label="Tasks that ended lately" tasks={ended} />
              )}
            </Panel>
          </>
        )}
      </WhenLoaded>
    </Page>
  );
}

const replaced = (tasks: readonly TaskWire[], task: TaskWire): TaskWire[] =>
  tasks.map((each) => (each.id === task.id ? task : each));

interface OneTask {
  readonly task: TaskWire;
}

const RunningTask = ({ task }: OneTask): JSX.Element => (
  <li class="card">
    <div class="card-head">
      <Link href={hrefTo(["tasks", task.id])}>
        <strong>{task.action}</strong>
      </Link>
      <TaskLink id={task.id} />
      <TaskBadge {...task} />
      <span class="number muted end">
        <Took from={task.started_at ?? task.created_at} to={null} />
      </span>
    </div>
    <Progress value={task.progress} label={`Progress of ${task.action}`} />
    <p class="muted cut">
      {task.steps.findLast(({ state }) => state === "running")?.name ?? starterOf(task)}
      {task.node !== null && ` on ${task.node}`}
    </p>
  </li>
);

const WaitingTask = ({ task }: OneTask): JSX.Element => (
  <li class="card">
    <div class="card-head">
      <Link href={hrefTo(["tasks", task.id])}>
        <strong>{task.action}</strong>
      </Link>
      <TaskLink id={task.id} />
      <TaskBadge {...task} />
      <span class="muted end">
        <Time at={task.created_at} />
      </span>
    </div>
    <p class="muted">{waitingFor(task)}</p>
  </li>
);

function Statistics({ stats }: { readonly stats: TaskStatsWire }): JSX.Element {
  const days = daysOf(stats.hours, DAYS, new Date());
  const { succeeded } = stats;
  return (
    <div class="columns wide-left">
      <Panel title="Tasks per day" note={successOf(days)}>
        <DaysChart days={days} />
      </Panel>
      <Panel
        title="Time to deploy"
        note={succeeded === null ? undefined : `the last ${plural(succeeded.tasks, "success", "successes")}`}
      >
        {succeeded === null ? (
          <Empty>Comes with the first task that succeeds.</Empty>
        ) : (
          <dl class="tiles">
            <Tile name="half within" ms={succeeded.total_ms.p50} />
            <Tile name="90% within" ms={succeeded.total_ms.p90} />
            <Tile name="99% within" ms={succeeded.total_ms.p99} />
            <Tile name="half waited at most" ms={succeeded.waited_ms.p50} />
          </dl>
        )}
      </Panel>
    </div>
  );
}

const Tile = ({ name, ms }: { readonly name: string; readonly ms: number }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{formatDuration(ms)}</dd>
  </div>
);
