import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Loaded } from "../hooks.ts";
import { useTitle } from "../hooks.ts";
import { usePlace } from "../router.tsx";

interface PageProps {
  readonly title: string;
  /** Where the title is not what is shown as a heading. */
  readonly heading?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/**
 * A page: its heading takes the focus when it opens, so that keyboard and screen reader begin there. Not again when its title
 * changes: the data that it comes with may be there only when somebody is further on already.
 */
export function Page({ title, heading = title, actions, children }: PageProps): JSX.Element {
  const top = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  const address = usePlace().path.join("/");
  useLayoutEffect(() => top.current?.focus({ preventScroll: true }), [address]);
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1} ref={top}>
          {heading}
        </h1>
        {actions !== undefined && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface PanelProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}

export const Panel = ({ title, note, children }: PanelProps): JSX.Element => (
  <section class="panel" aria-label={title}>
    <header class="panel-head">
      <h2>{title}</h2>
      {note !== undefined && <span class="muted">{note}</span>}
    </header>
    {children}
  </section>
);

/** What to do where there is nothing to see. */
export const Empty = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="empty">{children}</p>
);

export const Problem = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="problem" role="alert">
    {children}
  </p>
);

interface WhenLoadedProps<T> {
  readonly from: Loaded<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** The data, or that it is being loaded, or why there is none. What was there stays while it can't be renewed. */
export function WhenLoaded<T>({ from: { data, error }, children }: WhenLoadedProps<T>): JSX.Element {
  return (
    <>
      {error !== null && <Problem>{error}</Problem>}
      {data !== undefined && children(data)}
      {data === undefined && error === null && <p class="loading">Loading…</p>}
    </>
  );
}

interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

export const Facts = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <dl class="facts">{children}</dl>
);

export const Fact = ({ name, children }: FactProps): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

interface ProgressProps {
  readonly value: number;
  readonly label: string;
}

export const Progress = ({ value, label }: ProgressProps): JSX.Element => (
  <span class="progress">
    <progress max={100} value={value} aria-label={label} />
    <span class="number">{Math.floor(value)}%</span>
  </span>
);

/** A wide table scrolls by itself, by keyboard too, and leaves the page as wide as it is. */
export const Table = ({
  label,
  head,
  children,
}: {
  readonly label: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}): JSX.Element => (
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
  <div class="table-wrap" tabIndex={0} role="region" aria-label={label}>
    <table>
      <thead>
        <tr>
          {head.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
