import { setTimeout as pause } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;

/**
 * Waits until `look` gives something other than undefined, and returns it. At the deadline it fails with the reason
 * that `explain` gives, so that a red test says what was still missing.
 */
export async function waitUntil<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  options: { readonly deadlineMs?: number; readonly explain?: () => Promise<string> | string } = {},
): Promise<T> {
  const deadline = performance.now() + (options.deadlineMs ?? 20_000);
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      const why = options.explain === undefined ? '' : `: ${await options.explain()}`;
      throw new Error(`Deadline passed while waiting until ${what}${why}`);
    }
    await pause(LOOK_AGAIN_MS);
  }
}
