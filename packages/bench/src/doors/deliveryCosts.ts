import { DoorScene, type SceneOptions } from './DoorScene.js';
import type { DoorKind } from './requests.js';
import { openConfig } from './serverConfig.js';

/** Of one topic, whose deliveries are counted. */
export const SUBSCRIBERS = 1_000;
const GENERATORS = 2;
/**
 * Of one message and of ten: as many deliveries. The single ones come first and are few, so that most are over before a device sends its
 * first heartbeat, five seconds after it came: nobody else's clients say anything meanwhile, and who has said something acknowledges
 * otherwise, at the cost of the server. Connecting takes some two seconds, so those who came first have their heartbeat in the last second.
 */
const SHAPES = [
  { perTick: 1, ticks: 120, intervalMs: 25, warmUpTicks: 30 },
  { perTick: 10, ticks: 12, intervalMs: 250, warmUpTicks: 4 },
] as const;

/** The doors of our own. */
export const ours: readonly DoorKind[] = ['binary', 'json', 'sse'];

export const doorNames: Readonly<Record<DoorKind, string>> = {
  binary: 'TopGun, binary',
  json: 'TopGun, JSON',
  sse: 'TopGun, SSE',
  'bare-ws': 'ws, encoded once',
  'bare-sse': 'node:http SSE, encoded once',
  'bare-net': 'node:net, framed once',
  'socket.io': 'socket.io',
};

/** µs of the server's CPU for a delivery, by messages in a turn. */
export interface Costs {
  readonly one: number;
  readonly ten: number;
}

/** A server of this kind whose clients all hear one topic. */
export const oneTopic = (kind: DoorKind): SceneOptions => ({
  kind,
  perTopic: SUBSCRIBERS,
  generators: GENERATORS,
  config: openConfig,
});

/** Publishes one message and ten in a turn, and counts the CPU of the server. A delivery that is missing is an error. */
export const costsOf = (kind: DoorKind): Promise<Costs> =>
  DoorScene.play(oneTopic(kind), async (scene) => {
    await scene.connect(SUBSCRIBERS);
    const figures: number[] = [];
    for (const { warmUpTicks, ...shape } of SHAPES) {
      await scene.publish({ ...shape, ticks: warmUpTicks });
      const { cpuSeconds, missing } = await scene.publish(shape);
      if (missing !== 0) throw new Error(`${doorNames[kind]}: ${missing} deliveries are missing`);
      figures.push((cpuSeconds / (shape.ticks * shape.perTick * SUBSCRIBERS)) * 1e6);
    }
    const [one = Number.NaN, ten = Number.NaN] = figures;
    return { one, ten };
  });
