import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What asking `/health` and `/ready` from another process brought, until the server was ready or gone. */
export interface ProbeFigures {
  readonly asked: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** `/ready` was 503 so often */
  readonly notReady: number;
  /** answers that a probe must not get: `/health` other than 200, `/ready` other than 200 and 503 */
  readonly wrong: number;
}

const PAUSE_MS = 10;

/** Asks both probes again and again; the returned function ends that. */
export function probe(port: number): () => Promise<ProbeFigures> {
  const tookMs: number[] = [];
  const seen = { notReady: 0, wrong: 0 };
  let isOver = false;
  const ask = async (path: string): Promise<number | undefined> => {
    const began = performance.now();
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      await response.arrayBuffer();
      tookMs.push(performance.now() - began);
      return response.status;
    } catch {
      // Nobody listens yet, or any more.
      return undefined;
    }
  };
  const asking = (async () => {
    while (!isOver) {
      const health = await ask('/health');
      const ready = await ask('/ready');
      if (health !== undefined && health !== 200) seen.wrong++;
      if (ready === 503) seen.notReady++;
      else if (ready !== undefined && ready !== 200) seen.wrong++;
      await sleep(PAUSE_MS);
    }
  })();
  return async () => {
    isOver = true;
    await asking;
    tookMs.sort((a, b) => a - b);
    const p99Ms = tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.NaN;
    return { asked: tookMs.length, p99Ms, maxMs: tookMs.at(-1) ?? Number.NaN, ...seen };
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The system gave no port');
  return address.port;
}
