import { useEffect, useRef } from 'react';
import { type Shortcuts, watchShortcuts } from '../../../shared/src/watchShortcuts.js';

/** Keys that do something wherever the reader is; see `watchShortcuts`. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => watchShortcuts(() => latest.current), []);
}
