import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerConfigInput } from '../../config/schema.js';
import { startCluster } from '../../local/redisTopologies.js';
import type { Deployment } from './testing/Deployment.js';
import { raceDoors } from './testing/raceDoors.js';
import { type RaceDoor, runRaces, sumOf } from './testing/runRaces.js';
import { startNodes, startNodesWith } from './testing/startNodes.js';

/** How often each door is opened while others publish; `npm run test:races -- 1000` asks for more. */
const RACES = Number(process.env.TOPGUN_DOOR_RACES || '60');
const CHAINS = 6;

const many = 1_000_000;
const config: ServerConfigInput = {
  dev: true,
  policies: [{ role: '*', map: '**', actions: ['READ', 'PUT'] }],
  storage: 'memory',
  topicNamespaces: [{ pattern: 'race/*', count: 100_000, ageMs: 600_000, bytes: 1e8 }],
  bridgeMailboxMessagesMax: 100_000,
  bridgeMessagesPerIpMax: many,
  bridgeConnectionsPerIpMax: many,
  sseConnectionsPerIpMax: many,
  sseConnectionsPerUserMax: many,
  wsConnectionsPerIpMax: many,
  wsConnectionsPerUserMax: many,
  httpRequestsPerIpMax: many,
  httpRequestsPerUserMax: many,
  handshakesMax: many,
  handshakesPerIpMax: many,
};

describe.each([
  ['one node without Redis', () => startNodes(1, config)],
  ['three nodes over a Redis Cluster', async () => startNodesWith(await startCluster(), config)],
] as const)('doors of %s are opened while others publish', (name, start) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await start();
  }, 120_000);
  afterAll(() => deployment.stop());

  const { sse, bridge, json, binary, history } = raceDoors(() => deployment);
  const race = async <Place>(what: string, door: RaceDoor<Place>): Promise<void> => {
    const each = Math.ceil(RACES / CHAINS);
    const beganMs = performance.now();
    const all = await Promise.all(Array.from({ length: CHAINS }, (_, chain) => runRaces(door, chain, each)));
    const { races, real, during, heard, lost, repeated } = sumOf(all);
    process.stdout.write(
      `${name}, ${what}: ${races} races, in ${real} of them ${during} messages accepted during the opening; ${heard} heard, lost ${lost.length}, repeated ${repeated.length}; ${Math.round(performance.now() - beganMs)} ms\n`,
    );
    expect([lost, repeated]).toEqual([[], []]);
    expect(races).toBeGreaterThanOrEqual(RACES);
    // Else it was no race.
    expect(real).toBeGreaterThan(races / 4);
  };
  const patienceMs = 60_000 + RACES * 600;

  it(
    '[SSE-20] [S001-9] streams of events: nothing is lost and nothing comes twice',
    () => race('events', sse),
    patienceMs,
  );
  it(
    '[BRG-17] [S000-2] [S000-11] the bridge: nothing is lost and nothing comes twice',
    () => race('bridge', bridge),
    patienceMs,
  );
  it(
    '[WSJ-12] [S003-4] the JSON WebSocket: nothing is lost and nothing comes twice',
    () => race('JSON WebSocket', json),
    patienceMs,
  );
  it(
    '[TOP-5] the binary WebSocket: nothing is lost and nothing comes twice',
    () => race('binary WebSocket', binary),
    patienceMs,
  );
  it(
    '[HUB-11] the history over HTTP: nothing is lost and nothing comes twice',
    () => race('history', history),
    patienceMs,
  );
});
