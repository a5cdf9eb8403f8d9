/** Keeps the app's own files for the next start without a network. Only what is built has a worker to register. */
export function registerServiceWorker(isBuilt: boolean): void {
  if (!isBuilt || !('serviceWorker' in navigator)) return;
  addEventListener('load', () => {
    navigator.serviceWorker.register('./sw.js').catch((error: unknown) => {
      // The app works without it; only a reload while offline will not.
      console.warn('Offline start is not available:', error);
    });
  });
}
