import { median } from '../statistics.js';
import { DoorScene, type SceneOptions } from './DoorScene.js';

const WARM_UP_TICKS = 50;

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Of ascending values, the one that so large a share is not above. */
export const quantile = (ascending: readonly number[], share: number): number =>
  ascending[Math.floor((ascending.length - 1) * share)] ?? Number.NaN;

/** Open loop: `perSecond` messages, to one topic after the other, whatever becomes of them. */
export interface Pace {
  readonly subscribers: number;
  readonly topics?: number;
  readonly perSecond: number;
  readonly forMs: number;
  /** so often for so long, one after the other, on the same connections: the figures are medians */
  readonly rounds: number;
}

/** How long deliveries take, from when a message was due until its subscriber has read it. */
export const latencyOf = (
  options: SceneOptions,
  { subscribers, topics = 1, perSecond, forMs, rounds }: Pace,
): Promise<Latency> =>
  DoorScene.play(options, async (scene) => {
    await scene.connect(subscribers);
    const intervalMs = 1_000 / perSecond;
    const shape = { perTick: 1, intervalMs, topics, isPrecise: true };
    const whole = (ticks: number): number => Math.ceil(ticks / topics) * topics;
    // Of several nodes, what was published before all of them listened is not missed.
    await scene.publish({ ...shape, ticks: whole(WARM_UP_TICKS) });
    await scene.latencies();
    const tookMs: (readonly number[])[] = [];
    for (let round = 0; round < rounds; round++) {
      const { missing } = await scene.publish({ ...shape, ticks: whole(forMs / intervalMs) });
      if (missing !== 0) throw new Error(`${options.kind}: ${missing} deliveries are missing`);
      tookMs.push(await scene.latencies());
    }
    const middle = (share: number): number => median(tookMs.map((one) => quantile(one, share)));
    return { p50Ms: middle(0.5), p99Ms: middle(0.99) };
  });
