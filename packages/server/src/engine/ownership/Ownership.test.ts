import { describe, expect, it } from 'vitest';
import { active, Bench, leaseOf, mapOf, nodeOf, owned } from './testing/Bench.js';

describe('Ownership', () => {
  it('[CLU-1] [CLU-3] joins, says that it has loaded, and renews its lease every two seconds', () => {
    const bench = new Bench().at(0);
    expect(bench.asked.map(({ request }) => request)).toEqual([
      { type: 'join', number: 1, state: 'JOINING' },
    ]);
    bench.answer('join', { fence: 7, version: 3 });
    expect(bench.news()).toEqual([['joined', 7]]);
    expect(bench.machine.state.phase).toBe('JOINING');
    bench.renewed(mapOf(3, [undefined]));
    expect(bench.asked).toEqual([]);
    bench.machine.loaded(10);
    expect(bench.wishes).toEqual([{ type: 'state', state: 'ACTIVE' }]);
    bench.answer('state', true);
    expect(bench.machine.state.phase).toBe('ACTIVE');
    bench.renewed();
    expect(bench.armed).toBe(2_000);
    bench.at(1_999);
    expect(bench.asked).toEqual([]);
    bench.at(2_000);
    expect(bench.asked.map(({ request }) => request)).toEqual([{ type: 'renew', known: 3 }]);
  });

  it('[CLU-1] a join of which nothing was heard is asked for again under a higher number, and so is one that came too late', () => {
    const bench = new Bench().at(0);
    bench.answer('join', undefined);
    const call = bench.at(250).asked.at(-1)?.call ?? 0;
    bench.machine.answered(call, { type: 'join', reply: undefined }, 250);
    bench.asked.length = 0;
    bench.at(500);
    expect(bench.news()).toEqual([]);
    expect(bench.asked.map(({ request }) => request)).toEqual([
      { type: 'join', number: 3, state: 'JOINING' },
    ]);
  });

  it('[CLU-1] a refusal is told, and asked again', () => {
    const bench = new Bench().at(0);
    bench.answer('join', { refused: 'NODE_NAME_TAKEN' });
    expect(bench.news()).toEqual([['refused', 'NODE_NAME_TAKEN']]);
    expect(bench.at(250).asked).toHaveLength(1);
  });

  it('[CLU-2] fences itself six seconds after it sent the last renewal that was granted, however late the answer came', () => {
    const bench = active(mapOf(2, [['a', 1]]));
    owned(bench, 0);
    bench.at(2_000);
    bench.now = 5_900;
    bench.renewed();
    expect(bench.machine.owns(0, 7_999)).toBe(true);
    expect(bench.machine.owns(0, 8_000)).toBe(false);
    bench.at(7_999);
    expect(bench.news()).toEqual([]);
    bench.at(8_000);
    expect(bench.news()).toEqual(['fenced']);
    expect(bench.machine.owns(0, 8_000)).toBe(false);
    // It comes back with its memory.
    expect(bench.asked.at(-1)?.request).toEqual({ type: 'join', number: 2, state: 'ACTIVE' });
    expect(bench.asked.filter(({ request }) => request.type === 'renew')).toHaveLength(1);
    bench.renewed(mapOf(3, [['a', 1]]));
    expect(bench.news()).toEqual([]);
    bench.answer('join', { fence: 2, version: 5 });
    bench.renewed(mapOf(5, [['a', 2]]));
    expect(bench.news()).toEqual([
      ['joined', 2],
      ['map', 5],
      ['own', [{ pid: 0, epoch: 2 }]],
    ]);
  });

  it('[CLU-2] a renewal that finds no lease, and a fence that another has raised, end its ownership at once', () => {
    for (const end of [(b: Bench) => b.answer('renew', 'gone'), (b: Bench) => b.machine.fenceLost(b.now)]) {
      const bench = active(mapOf(2, [['a', 1]]));
      owned(bench, 0);
      bench.at(2_000);
      end(bench);
      expect(bench.news()).toEqual(['fenced']);
      expect(bench.machine.owns(0, 2_000)).toBe(false);
    }
  });

  it('[CLU-2] renewals without an answer are asked again, until it fences itself', () => {
    const bench = active(mapOf(2, [undefined]));
    for (let now = 2_000; now < 6_000; now += 250) {
      bench.at(now);
      bench.answer('renew', undefined);
    }
    expect(bench.news()).toEqual([]);
    expect(bench.at(6_000).news()).toEqual(['fenced']);
  });

  it('[CLU-10] owns what a newer map says, loses what it says no more, and passes over maps of before', () => {
    const bench = active(
      mapOf(5, [
        ['a', 3],
        ['b', 1],
        ['a', 1],
      ]),
    );
    expect(bench.machine.owns(0, 0)).toBe(false);
    owned(bench, 0, 2);
    expect(bench.machine.owns(0, 0)).toBe(true);
    bench.at(2_000);
    bench.renewed(mapOf(4, [['b', 1], ['a', 1], undefined]));
    expect(bench.news()).toEqual([]);
    bench.at(4_000);
    bench.renewed(
      mapOf(6, [
        ['a', 4],
        ['a', 2],
        ['b', 2],
      ]),
    );
    expect(bench.news()).toEqual([
      ['map', 6],
      ['lost', [0, 2]],
      [
        'own',
        [
          { pid: 0, epoch: 4 },
          { pid: 1, epoch: 2 },
        ],
      ],
    ]);
    // Of the epoch of before.
    bench.machine.owned([{ pid: 0, epoch: 3 }], 4_000);
    expect(bench.machine.owns(0, 4_000)).toBe(false);
  });

  it('[CLU-4] a coordinator proposes, once it has seen the map as it is', () => {
    const bench = active(mapOf(2, [undefined, undefined, undefined, undefined]), { leads: true });
    const [request] = bench.wishes;
    expect(request).toMatchObject({ type: 'propose', version: 2 });
    bench.answer('propose', true);
    expect(bench.wishes).toEqual([]);
    bench.renewed(
      mapOf(3, [
        ['a', 1],
        ['b', 1],
        ['a', 1],
        ['b', 1],
      ]),
      { leads: true },
    );
    expect(bench.wishes).toEqual([]);
  });

  it('[CLU-12] [CLU-5] takes over whose lease has run out, but not before it has heard the database for a whole lease', () => {
    const map = mapOf(2, [
      ['a', 1],
      ['b', 1],
    ]);
    const dead = { leads: true, leases: [leaseOf('a'), leaseOf('b', 0)] };
    const bench = active(map, dead);
    expect(bench.wishes).toEqual([]);
    for (const now of [2_000, 4_000, 6_000]) {
      bench.at(now);
      bench.renewed(undefined, dead);
    }
    expect(bench.at(7_999).wishes).toEqual([]);
    bench.at(8_000);
    const taken = { type: 'takeOver', node: 'b', boot: 'b1', changes: [{ pid: 1, node: 'a' }] };
    expect(bench.wishes).toEqual([taken]);
    // And the database is away again.
    bench.answer('takeOver', undefined);
    // One that was sent before does not count.
    bench.renewed(undefined, dead);
    bench.renewed(undefined, dead);
    expect(bench.at(8_250).wishes).toEqual([taken]);
    bench.answer('takeOver', undefined);
    bench.now = 12_251;
    bench.renewed(undefined, dead);
    bench.renewed(undefined, dead);
    expect(bench.at(13_000).wishes).toEqual([]);
  });

  it('[CLU-12] looks again when the lease of another ends', () => {
    const bench = active(mapOf(2, [['a', 1]]), { leases: [leaseOf('a'), leaseOf('b', 900)] });
    expect(bench.armed).toBe(900);
  });

  it('[CLU-13] hands over a few at once: holds them back, tells the database, and lets go', () => {
    const bench = active(
      mapOf(2, [
        ['a', 1, 'b'],
        ['a', 1, 'b'],
        ['a', 1, 'b'],
        ['a', 1],
      ]),
    );
    expect(bench.news()).toEqual([]);
    owned(bench, 0, 1, 2, 3);
    expect(bench.news()).toEqual([['release', [0, 1]]]);
    expect(bench.wishes).toEqual([]);
    bench.machine.released(bench.releases[0] ?? 0, 10);
    expect(bench.wishes).toEqual([{ type: 'handOver', pids: [0, 1], epochs: [1, 1], target: 'b' }]);
    // From here on the target may have heard.
    expect(bench.machine.owns(0, 10)).toBe(false);
    expect(bench.machine.owns(2, 10)).toBe(true);
    bench.answer('handOver', { version: 3, given: [0, 1] });
    expect(bench.news()).toEqual([
      ['lost', [0, 1]],
      ['release', [2]],
    ]);
    // A map of before that comes late does not make them its own again.
    bench.renewed(
      mapOf(2.5, [
        ['a', 1, 'b'],
        ['a', 1, 'b'],
        ['a', 1, 'b'],
        ['a', 1],
      ]),
    );
    expect(bench.news()).toEqual([['map', 2.5]]);
    expect(bench.machine.owns(0, 10)).toBe(false);
  });

  it('[CLU-13] what cannot be released in time goes on where it is, and so does what the target does not take', () => {
    const bench = active(mapOf(2, [['a', 1, 'b']]));
    owned(bench, 0);
    bench.news();
    bench.at(2_000);
    bench.renewed();
    bench.at(3_000);
    expect(bench.news()).toEqual([['resume', [0]]]);
    bench.machine.released(bench.releases[0] ?? 0, 3_000);
    expect(bench.wishes).toEqual([]);
    bench.at(4_000);
    bench.renewed();
    bench.at(6_000);
    expect(bench.news()).toEqual([['release', [0]]]);
    bench.machine.released(bench.releases[1] ?? 0, 6_000);
    bench.answer('handOver', { version: 2, given: [] });
    expect(bench.news()[0]).toEqual(['resume', [0]]);
  });

  it('[CLU-13] a hand-over without an answer is made void before anything goes on', () => {
    const bench = active(mapOf(2, [['a', 1, 'b']]));
    owned(bench, 0);
    bench.machine.released(bench.releases[0] ?? 0, 0);
    bench.answer('handOver', undefined);
    bench.news();
    expect(bench.machine.owns(0, 100)).toBe(false);
    bench.at(250);
    expect(bench.wishes).toEqual([{ type: 'handOver', pids: [0], epochs: [1], target: 'a' }]);
    bench.answer('handOver', { version: 3, given: [0] });
    expect(bench.news()).toEqual([['lost', [0]]]);
    bench.renewed();
    bench.renewed(mapOf(3, [['a', 2, 'b']]));
    expect(bench.news()).toEqual([
      ['map', 3],
      ['own', [{ pid: 0, epoch: 2 }]],
    ]);
  });

  it('[CLU-13] what it has taken anew stays its own when the map says so before the answer does', () => {
    const bench = active(mapOf(2, [['a', 1, 'b']]));
    owned(bench, 0);
    bench.machine.released(bench.releases[0] ?? 0, 0);
    bench.answer('handOver', undefined);
    bench.at(250);
    bench.news();
    bench.renewed(mapOf(3, [['a', 2, 'b']]));
    expect(bench.news()).toEqual([
      ['map', 3],
      ['lost', [0]],
      ['own', [{ pid: 0, epoch: 2 }]],
    ]);
    bench.machine.owned([{ pid: 0, epoch: 2 }], 250);
    // Nothing is its own as long as it does not know what it has said.
    expect(bench.machine.owns(0, 250)).toBe(false);
    bench.answer('handOver', { version: 3, given: [0] });
    // It goes on, and is to be handed over as before.
    expect(bench.news()).toEqual([['release', [0]]]);
    expect(bench.machine.owns(0, 250)).toBe(true);
  });

  it('[CLU-3] drains: says so, gives everything away, and leaves when it is told to', () => {
    const bench = active(mapOf(2, [['a', 1]]));
    owned(bench, 0);
    bench.machine.drain(0);
    expect(bench.wishes).toEqual([{ type: 'state', state: 'DRAINING' }]);
    bench.answer('state', true);
    const draining = [nodeOf('a', 0, 'DRAINING'), nodeOf('b', 1)];
    bench.renewed(mapOf(4, [['a', 1, 'b']], draining));
    expect(bench.news()).toEqual([
      ['map', 4],
      ['release', [0]],
    ]);
    bench.machine.released(bench.releases[0] ?? 0, 0);
    bench.answer('handOver', { version: 5, given: [0] });
    expect(bench.news()).toEqual([['lost', [0]]]);
    bench.renewed(mapOf(5, [['b', 2]], draining));
    expect(bench.news()).toEqual([['map', 5], 'drained']);
    bench.machine.leave(0);
    bench.answer('leave', undefined);
    bench.at(250);
    bench.answer('leave', true);
    expect(bench.news()).toEqual(['left']);
    expect(bench.at(60_000).asked).toEqual([]);
    expect(bench.news()).toEqual([]);
  });

  it('[CLU-3] drains as well when an operator has said so at another node', () => {
    const bench = active(mapOf(2, [['a', 1]]));
    owned(bench, 0);
    bench.at(2_000);
    bench.renewed(mapOf(3, [['a', 1, 'b']], [nodeOf('a', 0, 'DRAINING'), nodeOf('b', 1)]));
    expect(bench.machine.state.phase).toBe('DRAINING');
    expect(bench.news()).toEqual([
      ['map', 3],
      ['release', [0]],
    ]);
    expect(bench.wishes).toEqual([]);
  });

  it('[CLU-3] a node that drains alone has nobody to wait for', () => {
    const bench = active(mapOf(2, [['a', 1]]), { leases: [leaseOf('a')] });
    bench.machine.drain(0);
    bench.answer('state', true);
    expect(bench.news()).toEqual([]);
    bench.renewed(undefined, { leases: [leaseOf('a')] });
    expect(bench.news()).toEqual(['drained']);
  });

  it('[CLU-4] a hint of a newer map makes it look at once, even while an older answer is under way', () => {
    const bench = active(mapOf(2, [undefined]));
    bench.machine.hinted(2, 0);
    expect(bench.asked).toEqual([]);
    bench.machine.hinted(3, 0);
    expect(bench.asked).toHaveLength(1);
    bench.machine.hinted(4, 0);
    expect(bench.asked).toHaveLength(1);
    bench.renewed(mapOf(3, [undefined]));
    expect(bench.asked).toHaveLength(1);
  });
});
