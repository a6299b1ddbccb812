import type { JSX, RefObject } from "preact";
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { messageOf } from "../api.ts";
import { formatCount, plural } from "../format.ts";
import { Empty, Problem } from "../parts/basics.tsx";
import { Line } from "./line.tsx";
import { type LogStore, openLog } from "./log-store.ts";
import { type Rows, useRows } from "./rows.ts";

/** Opens the log of a task for as long as the page shows it. */
export function useLog(taskId: string, isOpen: boolean): LogStore | null {
  const [store, setStore] = useState<LogStore | null>(null);
  // Once: a task that ends while it is watched has its last lines sent all the same.
  const first = useRef(isOpen);
  useEffect(() => {
    const opened = openLog(taskId, first.current);
    setStore(opened);
    return () => opened.close();
  }, [taskId]);
  return store;
}

interface LogViewProps {
  readonly log: LogStore;
  /** Whether more may come. */
  readonly growing: boolean;
  readonly fileName: string;
  /** Set by the view: shows the first line of a step. */
  readonly showStep: RefObject<(step: number) => void>;
}

/** The log: only the lines in sight are in the page, however many there are. */
export function LogView({ log, growing, fileName, showStep }: LogViewProps): JSX.Element {
  const [, changed] = useReducer((count: number) => count + 1, 0);
  useEffect(() => log.onChange(() => changed(undefined)), [log]);
  const [follow, setFollow] = useState(growing);
  const count = log.entries.length;
  const rows = useRows({ count, follow, onFollow: setFollow });
  const search = useSearch(log, count, rows);
  showStep.current = (step) => {
    const index = log.firstOf(step);
    if (index !== -1) rows.show(index);
  };
  return (
    <section class="log panel" aria-label="Log">
      <header class="log-bar">
        <h2>Log</h2>
        <span class="muted" role="status">
          {log.complete ? plural(count, "line") : `Loading: ${formatCount(count)} lines`}
        </span>
        <SearchBar search={search} />
        <label class="check">
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> Follow
        </label>
        <button type="button" disabled={count === 0} onClick={() => download(log.text(), fileName)}>
          Download
        </button>
      </header>
      {log.error !== null && <Problem>{messageOf(log.error)}</Problem>}
      {count === 0 && log.complete && (
        <Empty>
          {growing ? "No output yet. Lines come here as they are printed." : "The task printed nothing."}
        </Empty>
      )}
      <div
        class="log-scroll"
        ref={rows.box}
        onScroll={rows.onScroll}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
        tabIndex={0}
        role="region"
        aria-label="Lines"
      >
        <div class="log-space" style={{ height: `${rows.height}px` }}>
          <div class="log-lines" style={{ transform: `translateY(${rows.top}px)` }}>
            {log.entries.slice(rows.from, rows.to).map((entry, index) => (
              <Line
                key={entry.seq}
                entry={entry}
                number={rows.from + index + 1}
                search={search.text}
                current={search.current === rows.from + index}
              />
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

interface Search {
  readonly typed: string;
  /** What is marked; in lower case. */
  readonly text: string;
  readonly found: number;
  /** Which of those found is shown, from 1; 0: none. */
  readonly place: number;
  /** Index of the line that is shown. */
  readonly current: number | undefined;
  type(text: string): void;
  step(by: number): void;
}

const TYPING_MS = 200;

function useSearch(log: LogStore, count: number, rows: Rows): Search {
  const [typed, setTyped] = useState("");
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => {
      setText(typed.toLowerCase());
      setPlace(0);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useMemo(() => (text === "" ? [] : log.find(text, count)), [log, text, count]);
  const go = (next: number): void => {
    const line = found[next - 1];
    if (line === undefined) return;
    setPlace(next);
    rows.show(line);
  };
  return {
    typed,
    text,
    found: found.length,
    place,
    current: found[place - 1],
    type: setTyped,
    step: (by) => go(((place - 1 + by + found.length) % Math.max(1, found.length)) + 1),
  };
}

function SearchBar({ search }: { readonly search: Search }): JSX.Element {
  const { typed, text, found, place, step } = search;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  };
  return (
    <div class="log-search" role="search">
      <input
        type="search"
        aria-label="Search in the log"
        placeholder="Search"
        value={typed}
        onInput={(event) => search.type(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <span class="muted number" role="status">
        {text !== "" && (place === 0 ? `${formatCount(found)} found` : `${place} of ${formatCount(found)}`)}
      </span>
      <button type="button" disabled={found === 0} onClick={() => step(-1)} aria-label="Line found before">
        ↑
      </button>
      <button type="button" disabled={found === 0} onClick={() => step(1)} aria-label="Next line found">
        ↓
      </button>
    </div>
  );
}

export function download(content: string | Blob, name: string): void {
  const url = URL.createObjectURL(
    typeof content === "string" ? new Blob([content], { type: "text/plain" }) : content,
  );
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
