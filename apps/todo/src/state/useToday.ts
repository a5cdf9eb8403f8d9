import { useSyncExternalStore } from 'react';
import { dayOf } from './dueLabel.js';

const CHECK_MS = 30_000;

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, CHECK_MS);
  document.addEventListener('visibilitychange', changed);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', changed);
  };
}

/** The calendar day here and now; a page left open over midnight moves on by itself. */
export function useToday(): string {
  return useSyncExternalStore(subscribe, () => dayOf(new Date()));
}
