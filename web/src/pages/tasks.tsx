import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type TaskWire, taskSchema } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { type Loaded, tellsOf, useLoaded, useNews } from "../hooks.ts";
import { Empty, Page, Panel, WhenLoaded } from "../parts/basics.tsx";
import { Choice, Pager, useFilter } from "../parts/pager.tsx";
import { OUTCOME_LABELS } from "../parts/status.tsx";
import { TasksTable } from "../parts/tasks-table.tsx";
import { hrefTo, Link, type Query } from "../router.tsx";

/** Those that are open by state, the others by outcome. */
const STATES = [
  ["state:ENQUEUED", "Waiting"],
  ["state:RUNNING", "Running"],
  ["state:CANCELLING", "Undoing"],
  ...Object.entries(OUTCOME_LABELS).map(([value, label]) => [`outcome:${value}`, label] as const),
  ["state:FAILED_CANCELLING", "Undo failed"],
] as const;

const stateSchema = taskSchema.shape.state;
const outcomeSchema = taskSchema.shape.outcome.unwrap();

function phaseOf(status: string | undefined) {
  const [kind, value] = (status ?? "").split(":");
  const state = kind === "state" ? stateSchema.safeParse(value).data : undefined;
  const outcome = kind === "outcome" ? outcomeSchema.safeParse(value).data : undefined;
  return { state, outcome };
}

const load = ({ action, status, search, cursor }: Query) =>
  client.listTasks({ action, search, cursor, ...phaseOf(status), limit: 50 });

type TaskPage = Awaited<ReturnType<typeof load>>;

/** Puts a task that changed where it was; asks again when it may have to come or go. */
function useLiveTasks(loaded: Loaded<TaskPage>, { cursor, status, search }: Query): void {
  useNews((news) => {
    if (cursor === undefined && tellsOf(news, "tasks", "deliveries")) loaded.reload();
    if (news.type !== "task") return;
    const { task } = news;
    const known = loaded.data?.items.some(({ id }) => id === task.id) === true;
    if (known) loaded.patch((page) => ({ ...page, items: replaced(page.items, task) }));
    if ((!known && cursor === undefined) || status !== undefined || search !== undefined) loaded.reload();
  });
}

const replaced = (items: readonly TaskWire[], task: TaskWire): TaskWire[] =>
  items.map((each) => (each.id === task.id ? task : each));

export function TasksPage(): JSX.Element {
  const { query, set } = useFilter();
  const loaded = useLoaded(JSON.stringify(query), () => load(query));
  const actions = useLoaded("actions", client.listActions);
  useLiveTasks(loaded, query);
  const filtered = Object.keys(query).length > 0;
  return (
    <Page title="Tasks">
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchField value={query["search"] ?? ""} onSearch={(search) => set({ search })} />
        <Choice
          label="State"
          value={query["status"] ?? ""}
          options={STATES}
          onChoose={(status) => set({ status })}
        />
        <Choice
          label="Action"
          value={query["action"] ?? ""}
          options={namesWith(actions.data?.items.map(({ name }) => name) ?? [], query["action"])}
          onChoose={(action) => set({ action })}
        />
      </form>
      <Panel title="Tasks" note="newest first">
        <WhenLoaded from={loaded}>
          {({ items, next }) => (
            <>
              {items.length > 0 && <TasksTable label="Tasks" tasks={items} />}
              {items.length === 0 && <Nothing filtered={filtered} searching={next !== null} />}
              <Pager next={next} label={query["search"] === undefined ? "Older" : "Search further back"} />
            </>
          )}
        </WhenLoaded>
      </Panel>
    </Page>
  );
}

/** An action that the settings no longer have can still be asked for. */
function namesWith(names: readonly string[], chosen: string | undefined): (readonly [string, string])[] {
  const all = chosen === undefined || names.includes(chosen) ? names : [...names, chosen];
  return all.map((name) => [name, name]);
}

function Nothing({
  filtered,
  searching,
}: {
  readonly filtered: boolean;
  readonly searching: boolean;
}): JSX.Element {
  if (searching) return <Empty>Nothing among the newest 20,000 of these tasks.</Empty>;
  if (filtered) {
    return (
      <Empty>
        No task is like that. <Link href={hrefTo(["tasks"])}>Show all</Link>
      </Empty>
    );
  }
  return (
    <Empty>
      There are no tasks yet. Start one of the <Link href={hrefTo(["actions"])}>actions</Link>, or push to a
      connected repository.
    </Empty>
  );
}

const TYPING_MS = 300;

interface SearchFieldProps {
  readonly value: string;
  readonly onSearch: (search: string) => void;
}

function SearchField({ value, onSearch }: SearchFieldProps): JSX.Element {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (next: string): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(next.trim()), TYPING_MS);
  };
  return (
    <label class="grow">
      <span>Search</span>
      <input
        type="search"
        placeholder="id, action, param or reason"
        value={text}
        maxLength={200}
        onInput={(event) => search(event.currentTarget.value)}
      />
    </label>
  );
}
