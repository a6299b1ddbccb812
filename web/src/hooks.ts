import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isLoggedOut, messageOf } from "./api.ts";
import { liveState, type LiveState, type News, onLiveState, onNews } from "./live.ts";
import { sessionOver } from "./session.ts";

export interface Loaded<T> {
  /** The last good answer; undefined before the first. */
  readonly data: T | undefined;
  /** Why the last request failed. */
  readonly error: string | null;
  reload(): void;
  /** Puts news into what is shown without asking again. */
  patch(change: (data: T) => T): void;
}

/** Between two requests of the same list, however much happens. */
const PACE_MS = 700;

/**
 * Loads what a page shows, again when `key` changes, when it is told to, and when the connection has been away. An answer that
 * comes after a later question is dropped.
 */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data: T | undefined; error: string | null }>({
    key,
    data: undefined,
    error: null,
  });
  const loader = useRef(load);
  loader.current = load;
  const asked = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const ask = useCallback(async (): Promise<void> => {
    asked.current += 1;
    const number = asked.current;
    try {
      const data = await loader.current();
      if (number === asked.current) setState({ key, data, error: null });
    } catch (error) {
      if (isLoggedOut(error)) return sessionOver();
      if (number !== asked.current) return undefined;
      setState((before) => ({
        key,
        data: before.key === key ? before.data : undefined,
        error: messageOf(error),
      }));
    }
    return undefined;
  }, [key]);

  useEffect(() => {
    void ask();
    return () => {
      asked.current += 1;
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [ask]);

  const reload = useCallback((): void => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void ask();
    }, PACE_MS);
  }, [ask]);

  useNews((news) => {
    if (news.type === "resync") void ask();
  });

  const patch = useCallback((change: (data: T) => T): void => {
    setState((before) => (before.data === undefined ? before : { ...before, data: change(before.data) }));
  }, []);

  const current = state.key === key;
  return { data: current ? state.data : undefined, error: current ? state.error : null, reload, patch };
}

type Topic = Extract<News, { type: "changed" }>["topics"][number];

/** Whether there is something new of one of these lists. */
export const tellsOf = (news: News, ...topics: readonly Topic[]): boolean =>
  news.type === "changed" && topics.some((topic) => news.topics.includes(topic));

/** Calls the newest function that it was given. */
export function useNews(listener: (news: News) => void): void {
  const current = useRef(listener);
  current.current = listener;
  useEffect(() => onNews((news) => current.current(news)), []);
}

export function useLiveState(): LiveState {
  const [state, setState] = useState(liveState);
  useEffect(() => onLiveState(setState), []);
  return state;
}

/** The time, so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** For what the stream tells nothing of. */
export function useEvery(ms: number, act: () => void): void {
  const current = useRef(act);
  current.current = act;
  useEffect(() => {
    const timer = setInterval(() => current.current(), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** Names the page to the browser's tab and to screen readers. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Hookwright`;
  }, [title]);
}
