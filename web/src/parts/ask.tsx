import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api.ts";
import { Problem } from "./basics.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own modal dialog: it keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

interface AskProps {
  /** What the button says that asks, and the one that does it. */
  readonly label: string;
  /** Names what it acts on. */
  readonly question: string;
  readonly danger?: boolean;
  readonly children?: ComponentChildren;
  readonly act: () => Promise<unknown>;
}

/** A button that asks first. */
export function AskButton({ label, question, danger = false, children, act }: AskProps): JSX.Element {
  const [asking, setAsking] = useState(false);
  const { busy, error, run } = useAction(async () => {
    await act();
    setAsking(false);
  });
  return (
    <>
      <button type="button" class={danger ? "danger" : ""} onClick={() => setAsking(true)}>
        {label}
      </button>
      {asking && (
        <Dialog title={label} onClose={() => setAsking(false)}>
          <p>{question}</p>
          {children}
          {error !== null && <Problem>{error}</Problem>}
          <div class="dialog-actions">
            <button type="button" onClick={() => setAsking(false)}>
              Keep as it is
            </button>
            <button type="button" class={danger ? "danger solid" : "primary"} disabled={busy} onClick={run}>
              {label}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

export interface Action {
  readonly busy: boolean;
  readonly error: string | null;
  readonly run: () => void;
}

/** Something a button does that takes time and may fail. */
export function useAction(act: () => Promise<unknown>): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  async function doIt(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (fault) {
      setError(messageOf(fault));
    }
    setBusy(false);
  }
  return { busy, error, run: () => void doIt() };
}
