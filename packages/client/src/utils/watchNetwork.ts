import type { Unsubscribe } from './Listeners.js';

/** Tells when the browser goes off or on the network; where nobody tells (Node), it never calls. A hint: heartbeats find the truth. */
export function watchNetwork(changed: (online: boolean) => void): Unsubscribe {
  if (typeof window === 'undefined') return () => undefined;
  const off = (): void => changed(false);
  const on = (): void => changed(true);
  window.addEventListener('offline', off);
  window.addEventListener('online', on);
  return () => {
    window.removeEventListener('offline', off);
    window.removeEventListener('online', on);
  };
}
