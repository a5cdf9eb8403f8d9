import type { ServerMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from './testing/FakeWorld.js';

describe('maps that catch up', () => {
  it('[RES-6] shows in all maps at once when they catch up, however long each of them takes', () => {
    const world = new FakeWorld();
    const a = world.started();
    for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
    const shown = (): unknown[] => ['p', 'q'].map((map) => a.engine.get(map, '{likes}k'));
    for (let i = 0; i < 400; i++) world.server.put('q', `row${i}`, i, 1);
    world.server.put('p', '{likes}k', 'old', 1);
    world.server.put('q', '{likes}k', 'old', 1);
    world.settle();
    world.cutNetwork();
    for (let i = 0; i < 400; i += 3) world.server.put('q', `row${i}`, -i, 2);
    world.server.put('p', '{likes}k', 'new', 2);
    world.server.put('q', '{likes}k', 'new', 2);
    const seen = new Set<string>();
    a.onEvent = () => seen.add(JSON.stringify(shown()));
    world.healNetwork();
    expect(shown()).toEqual(['new', 'new']);
    expect([...seen].sort()).toEqual(['["new","new"]', '["old","old"]']);
  });

  it.each([
    ['changed', 0],
    ['changed', 2],
    ['changed', 4],
    ['removed', 0],
    ['removed', 2],
    ['removed', 4],
    ['added and removed', 0],
  ])(
    '[RES-3] an answer that comes again says nothing of what was %s since: after %i questions',
    (what, after) => {
      const last = what === 'changed' ? what : undefined;
      const world = new FakeWorld();
      const a = world.started();
      for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
      world.server.put('p', 'another', 'row', 1);
      if (what !== 'added and removed') world.server.put('p', 'k', 'first', 1);
      for (let i = 0; i < 40; i++) world.server.put('q', `row${i}`, i, 1);
      world.settle();
      world.server.dropAnswers = true;
      world.server.dropDeltas = true;
      a.engine.put('p', 'k', 'mine');
      world.settle();
      world.server.put('p', 'k', last, (world.timeMs + 1000) * 2048);
      for (let i = 0; i < 40; i++) world.server.put('q', `row${i}`, -i, 2);
      world.server.dropAnswers = false;
      world.server.dropDeltas = false;
      // The other map takes its time, and what came of this one waits for it.
      world.server.sync.pageRows = 10;
      world.cutNetwork();
      const receive = world.server.receive.bind(world.server);
      let late: (() => void) | undefined;
      let asked = 0;
      world.server.receive = (connection, message) => {
        if (message.type === 'OPS' && asked < after) late = () => receive(connection, message);
        else receive(connection, message);
        if (message.type === 'SYNC_INIT' && ++asked === after) late?.();
      };
      world.healNetwork();
      expect(a.engine.pendingOps()).toBe(0);
      expect([a.engine.isSynced('p'), a.engine.get('p', 'k')]).toEqual([true, last]);
      expect(a.connection?.received.filter(({ type }) => type === 'MERKLE_REQ')).toEqual([]);
    },
  );

  it('[DEV-4] [RES-6] an answer brings nothing back that changes took away which are held until all maps are there', () => {
    const world = new FakeWorld();
    const a = world.started();
    for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
    world.server.put('p', 'another', 'row', 1);
    for (let i = 0; i < 40; i++) world.server.put('q', `row${i}`, i, 1);
    world.settle();
    // The other map takes its time.
    world.server.sync.pageRows = 10;
    world.cutNetwork();
    for (let i = 0; i < 40; i++) world.server.put('q', `row${i}`, -i, 2);
    a.engine.put('p', 'k', 'mine');
    world.settle();
    const receive = world.server.receive.bind(world.server);
    let late: (() => void) | undefined;
    let asked = 0;
    let overtaken = 0;
    world.server.receive = (connection, message) => {
      if (message.type === 'SYNC_INIT' && message.map === 'q' && ++asked === 3) late?.();
      if (message.type !== 'OPS') return receive(connection, message);
      // Put and removed in one commit: what changed from nothing to nothing is in no event.
      late = () => {
        const { deliver } = connection;
        const said: ServerMessage[] = [];
        Object.assign(connection, { deliver: (one: ServerMessage) => said.push(one) });
        receive(connection, message);
        world.server.put('p', 'k', undefined, (world.timeMs + 1000) * 2048);
        Object.assign(connection, { deliver });
        const parts = said.flatMap((one) =>
          one.type === 'SERVER_EVENT' && one.map === 'p' ? one.parts : [],
        );
        const [first, last] = [parts[0], parts.at(-1)];
        if (first === undefined || last === undefined) throw new Error('the op changed nothing');
        const [pid, epoch, n] = first;
        deliver({
          type: 'SERVER_EVENT',
          map: 'p',
          nodes: [],
          parts: [[pid, epoch, n, last[3], last[4], []]],
        });
        for (const one of said) if (one.type === 'OP_ACK') deliver(one);
        overtaken++;
      };
    };
    world.healNetwork();
    expect(overtaken).toBe(1);
    expect(a.engine.pendingOps()).toBe(0);
    expect(a.engine.get('p', 'k')).toBeUndefined();
    expect(a.engine.liveRoot('p')).toBe(world.server.tree('p').rootHash());
  });

  it('[RES-6] does not keep a small map waiting for the first load of a large one', () => {
    const world = new FakeWorld();
    const a = world.started();
    world.server.sync.pageNodes = 100;
    for (let i = 0; i < 400; i++) world.server.put('q', `row${i}`, i, 1);
    world.server.put('p', '{likes}k', 'here', 1);
    for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
    let isFirst = true;
    a.onEvent = () => {
      if (isFirst && a.engine.has('p', '{likes}k')) {
        isFirst = false;
        expect(a.engine.isSynced('q')).toBe(false);
      }
    };
    world.settle();
    expect(isFirst).toBe(false);
  });
});
