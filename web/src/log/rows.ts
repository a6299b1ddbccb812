import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** As `--line` in log.css has it. */
const LINE = 19;
const SPARE = 20;
/** So close to the end it counts as the end. */
const NEAR = 2 * LINE;

interface RowsOptions {
  readonly count: number;
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
}

/** Which of many rows of the same height are in sight. */
export interface Rows {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly from: number;
  readonly to: number;
  /** Of all rows, and how far down the first of those in sight is. Pixels. */
  readonly height: number;
  readonly top: number;
  readonly onScroll: () => void;
  /** Scrolls to a row, and follows the end no longer. */
  show(index: number): void;
}

export function useRows({ count, follow, onFollow }: RowsOptions): Rows {
  const box = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const [visible, setVisible] = useState(600);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setVisible(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (follow && element !== null) element.scrollTop = element.scrollHeight;
  }, [count, follow, visible]);

  const from = Math.max(0, Math.floor(scrolled / LINE) - SPARE);
  return {
    box,
    from,
    to: Math.min(count, Math.ceil((scrolled + visible) / LINE) + SPARE),
    height: count * LINE,
    top: from * LINE,
    onScroll() {
      const element = box.current;
      if (element === null) return;
      // Up by hand: whoever reads wants no line to jump away. Down to the end: the newest, again.
      const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
      if (element.scrollTop < scrolled && !atEnd && follow) onFollow(false);
      setScrolled(element.scrollTop);
    },
    show(index) {
      const element = box.current;
      if (element === null) return;
      onFollow(false);
      element.scrollTop = Math.max(0, index * LINE - element.clientHeight / 3);
    },
  };
}
