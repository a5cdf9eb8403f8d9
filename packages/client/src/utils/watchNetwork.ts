import type { Unsubscribe } from './Listeners.js';

/** Tells when the browser goes off or on the network; where nobody tells (Node), it never calls. A hint: heartbeats find the truth. */
export function watchNetwork(changed: (online: boolean) => void): Unsubscribe {
  if (typeof window === 'undefined') return () => undefined;
  // Its signal ends both.
  const watch = new AbortController();
  window.addEventListener('offline', () => changed(false), watch);
  window.addEventListener('online', () => changed(true), watch);
  return () => watch.abort();
}
