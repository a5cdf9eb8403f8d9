import type { ServerConfigInput } from '@topgun/server';
import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { BridgePostsAnswer } from './doors/bridgePosts.js';
import { DoorScene, type SceneOptions } from './doors/DoorScene.js';
import { latencyOf, quantile } from './doors/latency.js';
import { startRedis } from './doors/redis.js';
import { openConfig } from './doors/serverConfig.js';
import { median, short } from './statistics.js';

const NODES = 3;
const SUBSCRIBERS = 999;
/** Of the latencies: a thousand messages a second, each to three who are at one of the nodes, in topics that keep some as rooms do. */
const PER_TOPIC = 3;
const PER_SECOND = 1_000;
const LATENCY_MS = 10_000;
const KEPT = [{ pattern: 'bench/*', count: 100, ageMs: 300_000, bytes: 1_048_576 }];
const LATENCY_BAR = 30;
const POSTS = { messages: 500, intervalMs: 10 } as const;
const PINGS = 2_000;
/** Of the work: one topic that all hear. */
const WORK = { perTick: 1, ticks: 200, intervalMs: 25 } as const;
/** Of what one node does the busiest of three does a third, and what each does for itself. */
const SHARE_BAR = 0.67;

/** Several nodes over one Redis: how long a message takes, what Redis itself takes, and how the work is shared. */
export async function nodesBench(rounds: number): Promise<Bar[]> {
  const redis = await startRedis();
  try {
    const config = (redisPrefix: string): ServerConfigInput => ({
      ...openConfig,
      redisUrl: redis.url,
      redisPrefix,
    });
    const scene = { kind: 'json', generators: NODES, perTopic: SUBSCRIBERS } as const;
    const kept: SceneOptions = {
      ...scene,
      nodes: NODES,
      perTopic: PER_TOPIC,
      config: { ...config('kept'), topicNamespaces: KEPT },
    };
    const topics = SUBSCRIBERS / PER_TOPIC;
    const pace = { subscribers: SUBSCRIBERS, topics, perSecond: PER_SECOND, forMs: LATENCY_MS, rounds };
    const over = await latencyOf(kept, pace);
    const open = {
      ...config('posts'),
      bridge: true,
      mailboxes: 'redis',
      bridgeMessagesPerIpMax: 1_000_000,
    } as const;
    const posts = await postsAcross(open, rounds);
    const postMs = (share: number): number => median(posts.map((tookMs) => quantile(tookMs, share)));
    const pingMs = quantile(await redis.answerTimes(PINGS), 0.5);
    const alone = await workOf({ ...scene, config: config('alone') }, rounds);
    const busiest = await workOf({ ...scene, nodes: NODES, config: config('shared') }, rounds);
    console.log(
      `${NODES} nodes over one Redis, ${PER_SECOND} messages a second: p50 ${short(over.p50Ms)} ms, p99 ${short(over.p99Ms)} ms`,
    );
    console.log(
      `POST at one node to the event at another: p50 ${short(postMs(0.5))} ms, p99 ${short(postMs(0.99))} ms; Redis answers in ${short(pingMs)} ms`,
    );
    console.log(
      `CPU seconds for ${WORK.ticks * SUBSCRIBERS} deliveries: one node ${short(alone)}, the busiest of ${NODES} ${short(busiest)}`,
    );
    const bar = (name: string, value: number, limit: number): Bar => ({
      name: `${name} ≤ ${limit}`,
      value,
      holds: value <= limit,
    });
    return [
      bar('[S004-14] nodes: p99 ms over three of them', over.p99Ms, LATENCY_BAR),
      bar('[S000-4] nodes: p99 ms from POST at one to the event at another', postMs(0.99), LATENCY_BAR),
      bar('[S003-32] nodes: ms in which Redis answers, median', pingMs, 1),
      bar('[S003-32] nodes: CPU of the busiest of three ÷ that of one alone', busiest / alone, SHARE_BAR),
    ];
  } finally {
    redis.stop();
  }
}

/** CPU seconds of the node that works most. */
const workOf = (options: SceneOptions, rounds: number): Promise<number> =>
  DoorScene.play(options, async (scene) => {
    await scene.connect(SUBSCRIBERS);
    await scene.publish({ ...WORK, ticks: 50 });
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { ofNodes, missing } = await scene.publish(WORK);
      if (missing !== 0) throw new Error(`${missing} deliveries are missing`);
      seconds.push(Math.max(...ofNodes));
    }
    return median(seconds);
  });

/** ms from POST to event, ascending, of each round. */
const postsAcross = (config: ServerConfigInput, rounds: number): Promise<readonly (readonly number[])[]> =>
  DoorScene.play({ kind: 'sse', perTopic: 1, generators: 0, nodes: 2, config }, async ({ ports }) => {
    const [postPort, hearPort] = ports;
    const client = startChild('bridge-posts');
    try {
      const posts: (readonly number[])[] = [];
      for (let round = 0; round < rounds; round++)
        posts.push((await client.ask<BridgePostsAnswer>({ postPort, hearPort, ...POSTS })).tookMs);
      return posts;
    } finally {
      client.stop();
    }
  });
