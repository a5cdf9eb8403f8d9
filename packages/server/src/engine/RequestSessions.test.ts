import { OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { requestClient } from './RequestSessions.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const DAY_MS = 86_400_000;
const CLIENT = requestClient('d'.repeat(43));
const limits = { requestKeys: 4, requestKeyMs: DAY_MS, requestKeyMsMin: 60_000 };

const sessionOf = (key: string): string => key.padEnd(11, '_');

/** A request that writes, under a key or an id that nobody has, and is answered. */
function request(node: TestNode, key: string, isKeyed = true): TestDevice {
  const device = node.device('shop', { clientId: CLIENT, session: sessionOf(key) });
  device.ops(['todos'], [[0, 0, 0, 'k', node.engine.stamp(node.now), null, key]]);
  node.settle();
  if (!isKeyed) device.send({ type: 'SESSION_END', session: device.session });
  node.engine.closed(device.conn, node.now);
  return device;
}

const marks = (node: TestNode): string[] =>
  [...node.boot().meta.keys()].filter((name) => name.startsWith('request:'));
const outcomeOf = (device: TestDevice) => device.outcomeOf(0)?.outcome;

describe('sessions of requests', () => {
  it('[REC-9] nothing of requests without a key piles up', () => {
    const node = new TestNode({ limits });
    for (let n = 0; n < 50; n++) expect(outcomeOf(request(node, `r${n}`, false))).toBe(OUTCOME.APPLIED);
    expect(node.storedSessions()).toEqual([sessionOf('r49')]);
    expect(marks(node)).toHaveLength(1);
  });

  it('[REC-8] a key is remembered for a day after its last use, over restarts', () => {
    const node = new TestNode({ limits });
    request(node, 'a');
    for (const life of [1, 2]) {
      node.restart();
      node.now += DAY_MS - 60_000;
      expect([life, outcomeOf(request(node, 'a'))]).toEqual([life, OUTCOME.DUPLICATE]);
    }
    node.now += DAY_MS + 1;
    request(node, 'b');
    expect(node.storedSessions()).toEqual([sessionOf('b')]);
    expect(outcomeOf(request(node, 'a'))).toBe(OUTCOME.APPLIED);
  });

  it('[REC-8] who comes with a key at its end is still known, and remembered for longer', () => {
    const node = new TestNode({ limits });
    request(node, 'a');
    node.now += DAY_MS + 1;
    expect(outcomeOf(request(node, 'a'))).toBe(OUTCOME.DUPLICATE);
    node.restart();
    expect(outcomeOf(request(node, 'a'))).toBe(OUTCOME.DUPLICATE);
  });

  it('[REC-8] where there are too many the oldest go, and none before its least time', () => {
    const node = new TestNode({ limits });
    for (const key of ['a', 'b', 'c', 'd']) {
      request(node, key);
      node.now += 10_000;
    }
    const refused = request(node, 'e');
    expect(refused.errors).toEqual(['LIMIT']);
    expect(refused.codeOf(0)).toBe('SESSION_UNKNOWN');
    expect(node.engine.stats().limitsHit.get('requestKeys')).toBe(1);
    expect(outcomeOf(request(node, 'b'))).toBe(OUTCOME.DUPLICATE);
    node.now += 30_000;
    expect(outcomeOf(request(node, 'e'))).toBe(OUTCOME.APPLIED);
    expect(node.storedSessions().sort()).toEqual(['b', 'c', 'd', 'e'].map(sessionOf));
  });

  it('[REC-9] what is remembered of a request goes, also when the node was killed before its end', () => {
    const node = new TestNode({ limits });
    const device = node.device('shop', { clientId: CLIENT, session: sessionOf('a') });
    device.put('todos', 'k', 1);
    node.settle();
    node.restart();
    node.now += DAY_MS + 1;
    request(node, 'b', false);
    request(node, 'c', false);
    expect(node.storedSessions()).toEqual([sessionOf('c')]);
    expect(marks(node)).toHaveLength(1);
  });

  it('[REC-9] a request that wrote nothing leaves nothing', () => {
    const node = new TestNode({ limits });
    for (let n = 0; n < 20; n++) {
      const device = node.device('shop', { clientId: CLIENT, session: sessionOf(`idle${n}`) });
      node.engine.closed(device.conn, node.now);
      node.settle();
    }
    expect(node.storedSessions()).toEqual([]);
    expect(marks(node)).toHaveLength(1);
  });

  it('[REC-8] the same request at the same time joins the one that is under way', () => {
    const node = new TestNode({ limits });
    const devices = [1, 2, 3].map(() => {
      const device = node.device('shop', { clientId: CLIENT, session: sessionOf('a') });
      device.ops(['hits'], [[0, 4, 0, 'k', node.engine.stamp(node.now), null, 1]]);
      return device;
    });
    node.settle();
    expect(devices.map((device) => device.outcomeOf(0)?.n)).toEqual([1, 1, 1]);
    expect(
      node.engine.inspector.maps.rowsOf(devices[0]?.principal as never, 'hits', 'k', node.now),
    ).toMatchObject({
      rows: [{ seen: 1 }],
    });
  });
});
