import type { JSX } from "preact";
import { client } from "../api.ts";
import { tellsOf, useLoaded, useNews } from "../hooks.ts";
import { Empty, Page, Panel, WhenLoaded } from "../parts/basics.tsx";
import { TasksTable } from "../parts/tasks-table.tsx";
import { hrefTo, Link } from "../router.tsx";
import { useMay } from "../session.ts";
import { Changes } from "./action-changes.tsx";
import { StartForm } from "./start-form.tsx";

export function ActionPage({ id: name }: { readonly id: string }): JSX.Element {
  const may = useMay("deploy", { action: name });
  const maySee = useMay("deploy");
  const actions = useLoaded("actions", client.listActions);
  const history = useLoaded(`history:${name}`, () => client.listTasks({ action: name, limit: 20 }));
  useNews((news) => {
    if (news.type === "task" && news.task.action === name) history.reload();
    if (tellsOf(news, "tasks", "deliveries")) history.reload();
  });
  return (
    <Page title={name}>
      <WhenLoaded from={actions}>
        {({ items }) => {
          const action = items.find((each) => each.name === name);
          if (action === undefined) return <Empty>The settings have no action {name} (any more).</Empty>;
          return (
            <div class="columns">
              <Panel title="Start it">
                {may ? <StartForm action={action} /> : <Empty>This takes the scope deploy.</Empty>}
              </Panel>
              <Panel title="Steps" note={action.description ?? undefined}>
                <ol class="steps">
                  {action.steps.map((step, index) => (
                    <li key={step.name} class="step to-come">
                      <span class="muted number">{index + 1}</span>
                      <span class="step-name">{step.name}</span>
                      <span class="muted">{step.kind}</span>
                    </li>
                  ))}
                </ol>
              </Panel>
            </div>
          );
        }}
      </WhenLoaded>
      {maySee && <Changes name={name} />}
      <Panel title="History" note={<Link href={hrefTo(["tasks"], { action: name })}>All its tasks</Link>}>
        <WhenLoaded from={history}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>It has not run yet.</Empty>
            ) : (
              <TasksTable label="History" tasks={items} />
            )
          }
        </WhenLoaded>
      </Panel>
    </Page>
  );
}
