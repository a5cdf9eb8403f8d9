import { useCallback, useLayoutEffect, useRef, useState } from 'react';

export type RovingRows = {
  readonly listRef: React.RefObject<HTMLUListElement | null>;
  /** The one row that Tab reaches. */
  readonly activeKey: string | undefined;
  readonly setActive: (key: string) => void;
  readonly focusRow: (key: string | undefined) => void;
  /** Moves focus by a number of rows; infinite values go to an end. */
  readonly move: (by: number) => void;
  /** Says that focus is in the list and should stay there if the focused row leaves it. */
  readonly keepFocus: () => void;
};

/**
 * One tab stop for the whole list, moved by the arrow keys (the roving tabindex of the ARIA practices).
 * When the active row disappears (deleted, or filtered out after a toggle) its successor becomes active and, if
 * the reader was in the list, gets the focus. Another `scope` (list) begins at its first row.
 */
export function useRovingRows(keys: readonly string[], scope: string): RovingRows {
  const listRef = useRef<HTMLUListElement>(null);
  const [wanted, setWanted] = useState<string>();
  const lastIndex = useRef(0);
  const keep = useRef(false);

  const lastScope = useRef(scope);
  if (lastScope.current !== scope) {
    lastScope.current = scope;
    lastIndex.current = 0;
  }
  const found = wanted === undefined ? -1 : keys.indexOf(wanted);
  const activeKey = found >= 0 ? wanted : keys[Math.min(lastIndex.current, keys.length - 1)];

  const focusRow = useCallback((key: string | undefined) => {
    if (key === undefined) return;
    setWanted(key);
    listRef.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }, []);

  useLayoutEffect(() => {
    if (activeKey === undefined || wanted === undefined) return;
    lastIndex.current = keys.indexOf(activeKey);
    if (found < 0) {
      setWanted(activeKey);
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (keep.current && lost) focusRow(activeKey);
    }
    keep.current = false;
  }, [activeKey, wanted, found, focusRow, keys]);

  const move = useCallback(
    (by: number) => {
      if (keys.length === 0) return;
      const from = activeKey === undefined ? -1 : keys.indexOf(activeKey);
      focusRow(keys[Math.max(0, Math.min(keys.length - 1, from + by))]);
    },
    [activeKey, focusRow, keys],
  );
  const keepFocus = useCallback(() => {
    keep.current = true;
  }, []);

  return { listRef, activeKey, setActive: setWanted, focusRow, move, keepFocus };
}
