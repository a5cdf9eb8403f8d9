import type { Unsubscribe } from './Listeners.js';

/** Tells whether the page is visible, now and at each change; without a page (Node, workers) it counts as visible. */
export function watchVisibility(changed: (visible: boolean) => void): Unsubscribe {
  if (typeof document === 'undefined') {
    queueMicrotask(() => changed(true));
    return () => undefined;
  }
  const tell = (): void => changed(document.visibilityState !== 'hidden');
  queueMicrotask(tell);
  document.addEventListener('visibilitychange', tell);
  return () => document.removeEventListener('visibilitychange', tell);
}
