import type { JSX } from "preact";
import { formatDuration, formatExact, formatRelative } from "../format.ts";
import { useNow } from "../hooks.ts";

/** How long ago; exactly when is on hover. */
export function Time({ at }: { readonly at: string }): JSX.Element {
  const now = useNow(5_000);
  return (
    <time dateTime={at} title={formatExact(at)}>
      {formatRelative(at, now)}
    </time>
  );
}

interface TookProps {
  readonly from: string;
  /** Null: it goes on. */
  readonly to: string | null;
}

export function Took({ from, to }: TookProps): JSX.Element {
  return to === null ? <Running from={from} /> : <>{formatDuration(Date.parse(to) - Date.parse(from))}</>;
}

function Running({ from }: { readonly from: string }): JSX.Element {
  return <>{formatDuration(useNow(1_000) - Date.parse(from))}</>;
}
