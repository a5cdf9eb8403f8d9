import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';
import { describe, expect, it } from 'vitest';
import { ClusterRig, ownedBy } from './testing/ClusterRig.js';

const A = 'ws://a';
const B = 'ws://b';
const C = 'ws://c';

describe('which node a client connects to', () => {
  it('[CCL-3] chance spreads clients over the seeds', () => {
    const firsts = [0, 0.4, 0.8].map((lot) => {
      const rig = new ClusterRig([A, B, C], { lots: [lot, 0.5, 0.6] });
      rig.machine.connect();
      return rig.opening;
    });
    expect(new Set(firsts).size).toBeGreaterThan(1);
  });

  it('[CCL-4] a node that cannot be reached is no failure of the attempt while another one can', () => {
    const rig = new ClusterRig([A, B]);
    rig.machine.connect();
    const first = rig.opening;
    rig.machine.closed(1006, 'refused');
    expect(rig.opening).not.toBe(first);
    expect(rig.told).toEqual([]);
    rig.machine.opened();
    expect(rig.told).toEqual(['connected']);
  });

  it('[CCL-4] a node that does not answer is left after the time for it', () => {
    const rig = new ClusterRig([A, B], { connectTimeoutMs: 700 });
    rig.machine.connect();
    const first = rig.opening;
    rig.advance(699);
    expect(rig.opening).toBe(first);
    rig.advance(1);
    expect(rig.drops).toEqual([CLOSE_CODE.NORMAL]);
    expect(rig.opening).not.toBe(first);
  });

  it("[CCL-4] when all were tried the attempt is over, and the pause is the engine's", () => {
    const rig = new ClusterRig([A, B]);
    rig.machine.connect();
    for (const code of [1006, 1006]) rig.machine.closed(code, 'refused');
    expect(rig.told).toEqual(['disconnected 1006']);
    rig.machine.connect();
    expect(rig.opened.length).toBe(3);
  });

  it('[CCL-5] a connection that breaks is taken up elsewhere at once', () => {
    const rig = new ClusterRig([A, B]);
    rig.up();
    const first = rig.opening;
    rig.machine.closed(1006, '');
    expect(rig.told.at(-1)).toBe('disconnected 1006 elsewhere');
    rig.machine.connect();
    expect(rig.opening).not.toBe(first);
  });

  it('[CCL-5] one that is silent is given up by the engine, which goes elsewhere too', () => {
    const rig = new ClusterRig([A, B]);
    rig.up();
    rig.machine.close(CLOSE_CODE.REPLACED);
    expect(rig.drops).toEqual([CLOSE_CODE.REPLACED]);
    expect(rig.told.at(-1)).toBe('disconnected 4410 elsewhere');
    rig.up();
    rig.machine.close(CLOSE_CODE.GOING_AWAY);
    expect(rig.told.at(-1)).toBe('disconnected 1001');
  });

  it('[CCL-5] nodes that let in and cut off again are not run round in circles', () => {
    const rig = new ClusterRig([A, B]);
    const ends: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      rig.up();
      rig.machine.closed(1006, '');
      ends.push(rig.told.at(-1));
    }
    expect(ends).toEqual(['disconnected 1006 elsewhere', 'disconnected 1006']);
  });

  it('[CCL-5] after a connection that held, every other node may be tried again', () => {
    const rig = new ClusterRig([A, B]);
    rig.up();
    rig.machine.closed(1006, '');
    rig.up();
    rig.advance(CLUSTER_LIMITS.nodeStableMs);
    rig.machine.closed(1006, '');
    expect(rig.told.at(-1)).toBe('disconnected 1006 elsewhere');
  });

  it("[CCL-5] what is the client's own fault is the same at every node", () => {
    for (const code of [4400, 4401, 4403, 4408, 4429, 1009]) {
      const rig = new ClusterRig([A, B]);
      rig.up();
      rig.machine.closed(code, '');
      expect(rig.told.at(-1)).toBe(`disconnected ${code}`);
      expect([...rig.machine.book.ways()].map(({ circuit }) => circuit.failures)).toEqual([0, 0]);
    }
  });

  it('with one server nothing is different from a client without cluster', () => {
    const rig = new ClusterRig([A]);
    rig.up();
    rig.machine.closed(1006, '');
    expect(rig.told).toEqual(['connected', 'disconnected 1006']);
    rig.up();
    rig.machine.closed(1001, '');
    expect(rig.told.at(-1)).toBe('disconnected 1001');
    rig.machine.connect();
    rig.advance(CLUSTER_LIMITS.nodeSpreadMs);
    expect(rig.opened).toEqual([A, A, A]);
  });
});

describe('circuits', () => {
  it('[CCL-6] after five failures in a row others are asked first, after 30 s one attempt decides', () => {
    const rig = new ClusterRig([A, B], { lots: [0, 0.9, 0.5] });
    for (let i = 0; i < CLUSTER_LIMITS.circuitFailures; i++) {
      rig.machine.connect();
      expect(rig.opening).toBe(A);
      rig.machine.closed(1006, 'refused');
      rig.machine.close(CLOSE_CODE.NORMAL);
    }
    expect(rig.circuit(A)).toBe('OPEN');
    rig.machine.connect();
    expect(rig.opening).toBe(B);
    rig.machine.closed(1006, 'refused');
    expect(rig.told.at(-1)).toBe('disconnected 1006');

    rig.advance(CLUSTER_LIMITS.circuitOpenMs);
    expect(rig.circuit(A)).toBe('HALF_OPEN');
    rig.machine.connect();
    expect(rig.opening).toBe(B);
    rig.machine.closed(1006, 'refused');
    expect(rig.opening).toBe(A);
    rig.machine.closed(1006, 'refused');
    expect(rig.circuit(A)).toBe('OPEN');

    rig.advance(CLUSTER_LIMITS.circuitOpenMs);
    rig.machine.connect();
    rig.machine.closed(1006, 'refused');
    expect(rig.opening).toBe(A);
    rig.machine.opened();
    rig.ack();
    expect(rig.circuit(A)).toBe('HALF_OPEN');
    rig.advance(CLUSTER_LIMITS.nodeStableMs);
    expect(rig.circuit(A)).toBe('CLOSED');
  });

  it('[CCL-6] a device that was offline finds all circuits open, and is not kept waiting by them', () => {
    const rig = new ClusterRig([A, B]);
    for (let i = 0; i < CLUSTER_LIMITS.circuitFailures; i++) {
      rig.machine.connect();
      for (let node = 0; node < 2; node++) rig.machine.closed(1006, 'offline');
    }
    expect([rig.circuit(A), rig.circuit(B)]).toEqual(['OPEN', 'OPEN']);
    rig.machine.connect();
    const first = rig.opening;
    rig.machine.closed(1006, 'offline');
    expect(rig.opening).not.toBe(first);
    rig.machine.opened();
    expect(rig.told.at(-1)).toBe('connected');
  });
});

describe('what the cluster says', () => {
  it('[CCL-1] the map is asked for once the node has let the client in, and taken off what comes', () => {
    const rig = new ClusterRig([A]);
    rig.up();
    expect(rig.asked).toBe(1);
    rig.map(
      {
        self: 'a',
        nodes: [
          ['a', A, 1],
          ['b', B, 1],
        ],
      },
      Uint8Array.of(0x91, 41),
    );
    expect(rig.turns).toEqual([Uint8Array.of(0x91, 41)]);
    expect([...rig.machine.book.ways()].map(({ url, name }) => [url, name])).toEqual([
      [A, 'a'],
      [B, 'b'],
    ]);
    rig.machine.closed(1006, '');
    rig.machine.connect();
    expect(rig.opening).toBe(B);
  });

  it('[CCL-1] a server of the version before is not asked, and serves as any', () => {
    const rig = new ClusterRig([A]);
    rig.up(4);
    expect(rig.asked).toBe(0);
    expect(rig.machine.ask()).toBeUndefined();
  });

  it('[CCL-3] nodes of the map come before seeds, and those that go or come after both', () => {
    const rig = new ClusterRig(['ws://balancer']);
    rig.up();
    rig.map({
      self: 'a',
      nodes: [
        ['a', A, 1],
        ['b', B, 2],
        ['c', C, 0],
      ],
    });
    rig.machine.closed(1006, '');
    rig.machine.connect();
    // Its other address is that of the node that broke.
    expect(rig.told.at(-1)).toBe('disconnected 1006');
    expect(rig.opening).toBe(A);
    rig.machine.closed(1006, 'refused');
    expect(rig.opening).toBe('ws://balancer');
    rig.machine.closed(1006, 'refused');
    expect([B, C]).toContain(rig.opening);
  });

  it('[CCL-3] a node that left the map is forgotten, a seed never', () => {
    const rig = new ClusterRig([A]);
    rig.up();
    rig.map({
      self: 'a',
      nodes: [
        ['a', A, 1],
        ['b', B, 1],
      ],
    });
    rig.map({ version: 2, self: 'a', nodes: [['c', C, 1]] });
    expect([...rig.machine.book.ways()].map(({ url }) => url)).toEqual([A, C]);
  });

  it('[CCL-1] who was given encrypted addresses goes to no other', () => {
    const rig = new ClusterRig(['wss://a/']);
    rig.up();
    rig.map({
      self: 'a',
      nodes: [
        ['a', 'wss://a', 1],
        ['b', B, 1],
        ['c', 'wss://c', 1],
      ],
    });
    expect([...rig.machine.book.ways()].map(({ url }) => url)).toEqual(['wss://a', 'wss://c']);
  });

  it('[CCL-7] a node that drains is left at a moment of its time, and asked last for a while', () => {
    const rig = new ClusterRig([A, B], { lots: [0, 0.9] });
    rig.up();
    expect(rig.opening).toBe(A);
    rig.map({
      self: 'a',
      nodes: [
        ['a', A, 2],
        ['b', B, 1],
      ],
    });
    rig.advance(CLUSTER_LIMITS.nodeLeaveMs);
    expect(rig.told.at(-1)).toBe('disconnected 1001 elsewhere');
    expect(rig.machine.moves).toBe(1);
    rig.machine.connect();
    expect(rig.opening).toBe(B);
    expect(rig.circuit(A)).toBe('CLOSED');
  });

  it('[CCL-7] it stays where there is no other, and where the node goes on after all', () => {
    const rig = new ClusterRig([A]);
    rig.up();
    rig.map({ self: 'a', nodes: [['a', A, 2]] });
    rig.advance(CLUSTER_LIMITS.nodeLeaveMs);
    rig.map({
      self: 'a',
      nodes: [
        ['a', A, 2],
        ['b', B, 1],
      ],
    });
    rig.map({
      self: 'a',
      nodes: [
        ['a', A, 1],
        ['b', B, 1],
      ],
    });
    rig.advance(CLUSTER_LIMITS.nodeLeaveMs);
    expect(rig.told).toEqual(['connected']);
  });

  it('[CCL-7] nodes that are restarted in turn are not waited for: one that serves anew is asked as any other', () => {
    const rig = new ClusterRig([A, B], { lots: [0, 0.9] });
    rig.up();
    rig.machine.closed(1001, '');
    rig.up();
    expect(rig.opening).toBe(B);
    rig.map({ version: 1, self: 'b', nodes: [['b', B, 1]] });
    const both = [
      ['a', A, 1],
      ['b', B, 1],
    ] as const;
    // Somebody who knows less than was known already.
    rig.map({ version: 1, self: 'b', nodes: both });
    expect([...rig.machine.book.ways()].map(({ leftBy }) => leftBy)).toEqual([1, undefined]);
    rig.map({ version: 2, self: 'b', nodes: both });
    rig.machine.closed(1001, '');
    expect(rig.told.at(-1)).toBe('disconnected 1001 elsewhere');
    rig.up();
    expect(rig.opening).toBe(A);
  });

  it('[CCL-7] one that has said goodbye and was not seen to leave is asked last, whatever the map says', () => {
    const rig = new ClusterRig([A, B], { lots: [0, 0.9] });
    rig.up();
    rig.machine.closed(1001, '');
    rig.up();
    for (const version of [1, 2])
      rig.map({
        version,
        self: 'b',
        nodes: [
          ['a', A, 1],
          ['b', B, 1],
        ],
      });
    rig.machine.closed(1001, '');
    expect(rig.told.at(-1)).toBe('disconnected 1001');
  });

  it('[CCL-7] a goodbye is no failure', () => {
    for (const code of [1001, 1012]) {
      const rig = new ClusterRig([A, B], { lots: [0, 0.9] });
      rig.up();
      rig.machine.closed(code, '');
      expect(rig.told.at(-1)).toBe(`disconnected ${code} elsewhere`);
      rig.machine.connect();
      rig.advance(CLUSTER_LIMITS.nodeSpreadMs);
      expect(rig.opening).toBe(B);
      expect([...rig.machine.book.ways()].map(({ circuit }) => circuit.failures)).toEqual([0, 0]);
    }
  });
});

describe('where writes belong', () => {
  const nodes = [
    ['a', A, 1],
    ['b', B, 1],
    ['c', C, 1],
  ] as const;

  it('[CCL-8] whoever writes to one partition moves to its owner, once it has rested', () => {
    const rig = new ClusterRig([A], { smartRouting: true });
    rig.up();
    rig.map({ self: 'a', nodes, owners: ownedBy('{room}', 2) });
    rig.write(Array.from({ length: 150 }, (_, i) => `{room}:${i}`));
    expect(rig.told).toEqual(['connected']);
    rig.advance(CLUSTER_LIMITS.nodeRestMs);
    rig.write(['{room}:1']);
    expect(rig.told.at(-1)).toBe('disconnected 1001 elsewhere');
    rig.machine.connect();
    expect(rig.opening).toBe(B);
    rig.machine.opened();
    rig.ack();
    rig.map({ self: 'b', nodes, owners: ownedBy('{room}', 2) });
    rig.advance(CLUSTER_LIMITS.nodeRestMs);
    rig.write(['{room}:1']);
    expect(rig.machine.moves).toBe(1);
  });

  it('[CCL-8] whoever writes everywhere stays, and so does who has not asked for it', () => {
    for (const smartRouting of [true, false]) {
      const rig = new ClusterRig([A], { smartRouting });
      rig.up();
      const owners = smartRouting
        ? Array.from({ length: 271 }, (_, pid) => 1 + (pid % 3))
        : ownedBy('{room}', 2);
      rig.map({ self: 'a', nodes, owners });
      rig.advance(CLUSTER_LIMITS.nodeRestMs);
      rig.write(Array.from({ length: 150 }, (_, i) => (smartRouting ? `key${i}` : '{room}')));
      rig.advance(CLUSTER_LIMITS.nodeRestMs);
      rig.write(['{room}']);
      expect(rig.told).toEqual(['connected']);
    }
  });
});
