import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const BASE = "/ui";
const listeners = new Set<() => void>();

export interface Place {
  /** Below `/ui`, without slashes at its ends: `tasks/019a`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function currentPlace(): Place {
  const path = location.pathname.slice(BASE.length).split("/").filter(Boolean);
  return { path: path.map((each) => decoded(each)), query: new URLSearchParams(location.search) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export type Query = Readonly<Record<string, string | undefined>>;

/** The address of a page: `hrefTo(["tasks", id])`. Members without a value are left out. */
export function hrefTo(path: readonly string[], query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, value] as [string, string]],
  );
  const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
  return `${BASE}/${path.map((each) => encodeURIComponent(each)).join("/")}${search}`;
}

export function go(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  for (const listener of listeners) listener();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => {
    const update = (): void => setPlace(currentPlace());
    listeners.add(update);
    addEventListener("popstate", update);
    return () => {
      listeners.delete(update);
      removeEventListener("popstate", update);
    };
  }, []);
  return place;
}

interface LinkProps {
  readonly href: string;
  readonly class?: string;
  readonly current?: boolean;
  readonly title?: string;
  readonly children: ComponentChildren;
}

/** A link within the dashboard; with a modifier key the browser's own business. */
export function Link({ href, current = false, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
    scrollTo(0, 0);
  };
  return (
    <a href={href} onClick={follow} aria-current={current ? "page" : undefined} {...rest}>
      {children}
    </a>
  );
}
