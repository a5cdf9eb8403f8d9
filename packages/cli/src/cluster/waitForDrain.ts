import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import type { Cluster } from './clusterAnswer.js';

/** Between two looks. */
const EVERY_MS = 500;

/**
 * Resolves when a node owns nothing, or has gone. The first SIGINT or SIGTERM ends the waiting, not the drain: it resolves with what the node still
 * owns. Throws what asking throws, and DRAIN_STOPPED when the node is active again.
 */
export async function waitForDrain(
  ask: () => Promise<Cluster>,
  name: string,
  io: Pick<CliIo, 'err' | 'onStopSignal'>,
): Promise<number> {
  let wake: () => void = () => undefined;
  let isStopped = false;
  const off = io.onStopSignal(() => {
    isStopped = true;
    wake();
  });
  try {
    for (let told: number | undefined; ; ) {
      const node = (await ask()).nodes.find((each) => each.name === name);
      const owned = node?.owned ?? 0;
      if (owned === 0 || isStopped) return owned;
      if (node?.state !== 'DRAINING')
        throw cliError('DRAIN_STOPPED', `${name} is ${node?.state}, and owns ${owned} partitions.`);
      if (owned !== told) io.err(`${name} still owns ${owned}\n`);
      told = owned;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, EVERY_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    off();
  }
}
