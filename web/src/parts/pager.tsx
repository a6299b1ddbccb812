import type { JSX } from "preact";
import { currentPlace, go, hrefTo, type Query, usePlace } from "../router.tsx";

/** The query of the address as the page's filter: it can be sent to somebody, and goes back with the browser's button. */
export function useFilter(): { readonly query: Query; set(change: Query): void } {
  const { query } = usePlace();
  return {
    query: Object.fromEntries(query),
    set(change) {
      // As it is by now: it may be a while since this was handed out.
      const now = currentPlace();
      const next = { ...Object.fromEntries(now.query), cursor: undefined, ...change };
      go(hrefTo(now.path, next), { replace: true });
    },
  };
}

interface PagerProps {
  readonly next: string | null;
  /** Said instead of `Older`. */
  readonly label?: string;
}

/** Newest first; the way back is the browser's own. */
export function Pager({ next, label = "Older" }: PagerProps): JSX.Element | null {
  const { path, query } = usePlace();
  const current = Object.fromEntries(query);
  if (next === null && current["cursor"] === undefined) return null;
  const open = (cursor: string | undefined): void => {
    go(hrefTo(path, { ...current, cursor }));
    scrollTo(0, 0);
  };
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={current["cursor"] === undefined} onClick={() => open(undefined)}>
        Newest
      </button>
      <button type="button" disabled={next === null} onClick={() => open(next ?? undefined)}>
        {label}
      </button>
    </nav>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChoose: (value: string) => void;
}

export const Choice = ({ label, value, options, onChoose }: ChoiceProps): JSX.Element => (
  <label>
    <span>{label}</span>
    <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      <option value="">All</option>
      {options.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

interface TextFilterProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  /** When it has been typed to its end. */
  readonly onEnter: (value: string) => void;
}

export const TextFilter = ({ label, value, placeholder, onEnter }: TextFilterProps): JSX.Element => (
  <label>
    <span>{label}</span>
    <input
      placeholder={placeholder}
      value={value}
      onChange={(event) => onEnter(event.currentTarget.value.trim())}
    />
  </label>
);
