import { describe, expect, it } from 'vitest';
import { PermissionPolicy } from '../security/PermissionPolicy.js';
import { nextTurn } from '../utils/nextTurn.js';
import { LocalBus } from './LocalBus.js';
import { MemoryLog } from './log/MemoryLog.js';
import { Offsets } from './log/Offsets.js';
import { Namespaces } from './Namespaces.js';
import { TopicHub } from './TopicHub.js';
import { Listener, principal } from './testing/HubRig.js';
import { topicGate } from './topicGate.js';

const MIB = 1_048_576;
const retention = { count: 1_000, ageMs: 60_000, bytes: 64 * MIB, durable: false };

describe('a long history', () => {
  it('[HUB-5] of more bytes than a page holds is told whole, with what comes live meanwhile behind it', async () => {
    const wallMs = (): number => 1_800_000_000_000;
    const bus = new LocalBus(new MemoryLog({ epoch: 'e1', offsets: new Offsets(wallMs), wallMs }));
    const policies = new PermissionPolicy([{ role: 'user', map: '**', actions: ['READ', 'PUT'] }]);
    let ids = 0;
    const hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: new Namespaces([{ pattern: 'room/*', retention }]),
      gate: topicGate(() => ({ inForce: policies, denied: () => undefined }), wallMs),
      nodeId: 'node-1',
      wallMs,
      drawId: () => `id-${++ids}`,
    });
    await bus.open(hub);
    const say = (n: number): Promise<unknown> =>
      hub.publish('room/1', { n, pad: 'x'.repeat(60_000) }, principal('somebody'));
    for (let n = 0; n < 99; n++) await say(n);
    const listener = new Listener('late');
    let pauses = 0;
    listener.ready = async () => void pauses++;
    const subscribed = hub.subscribe('room/1', listener, { since: { epoch: 'e1', offset: 0 } });
    for (let n = 99; n < 109; n++) await say(n);
    expect(await subscribed).toMatchObject({ recovered: true });
    expect(listener.heard.map(({ data }) => (data as { n: number }).n)).toEqual([...Array(109).keys()]);
    expect(pauses).toBeGreaterThan(0);
  });
});
