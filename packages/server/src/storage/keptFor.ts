/** What `look` finds, looked for again when that is `ms` old: probes may come many times a second. `monoMs` never goes back. */
export function keptFor<T>(ms: number, monoMs: () => number, look: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  let atMs = 0;
  return () => {
    const nowMs = monoMs();
    if (found === undefined || nowMs - atMs >= ms) {
      atMs = nowMs;
      found = look();
    }
    return found;
  };
}
