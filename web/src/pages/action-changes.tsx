import { diffLines } from "diff";
import type { JSX } from "preact";
import { client } from "../api.ts";
import { useLoaded, useNews } from "../hooks.ts";
import { Empty, Panel, WhenLoaded } from "../parts/basics.tsx";
import { TaskLink } from "../parts/tasks-table.tsx";

/** What is different for the next task of an action. */
export function Changes({ name }: { readonly name: string }): JSX.Element {
  const loaded = useLoaded(`changes:${name}`, () => client.getActionChanges(name));
  useNews((news) => {
    if (news.type === "task" && news.task.action === name) loaded.reload();
  });
  const last = loaded.data?.task_id ?? null;
  return (
    <Panel
      title="Settings since the last run"
      note={
        last === null ? undefined : (
          <>
            against <TaskLink id={last} />
          </>
        )
      }
    >
      <WhenLoaded from={loaded}>
        {({ task_id: taskId, before, now }) => {
          if (taskId === null) return <Empty>It has not run yet.</Empty>;
          if (before === null) return <Empty>The settings of its last run are not kept any more.</Empty>;
          if (before === now) return <Empty>The settings of this action are as they were.</Empty>;
          return <Diff before={before} now={now} />;
        }}
      </WhenLoaded>
    </Panel>
  );
}

const Diff = ({ before, now }: { readonly before: string; readonly now: string }): JSX.Element => (
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
  <pre class="body diff" tabIndex={0} role="region" aria-label="What has changed">
    {diffLines(before, now).map(({ value, added, removed }, index) => {
      const lines = value.replace(/\n$/, "").split("\n");
      const sign = added ? "+" : removed ? "-" : " ";
      const Tag = added ? "ins" : removed ? "del" : "span";
      return (
        // oxlint-disable-next-line react/no-array-index-key -- the parts of a diff have nothing else
        <Tag key={index}>{lines.map((line) => `${sign} ${line}\n`).join("")}</Tag>
      );
    })}
  </pre>
);
