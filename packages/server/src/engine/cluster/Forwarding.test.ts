import { partitionOf } from '@topgun/core';
import { CONCERN } from '@topgun/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { WorldDatabase, WorldNode } from './testing/ForwardingWorld.js';
import { MemoryNetwork } from './testing/MemoryLinks.js';

const KEY = 'k';
const PID = partitionOf(KEY);
const SESSION = 's1';

let network: MemoryNetwork;
let database: WorldDatabase;
let a: WorldNode;
let b: WorldNode;
let c: WorldNode;
let conn: number;

/** Turns until nothing is under way. */
function run(nodes = [a, b, c]): void {
  for (let round = 0; round < 8; round++) {
    for (const node of nodes) node.tick();
    while (network.deliver());
  }
}

/** All nodes go by the newest map; the owner takes ops in. */
function settleMap(nodes = [a, b, c]): void {
  for (const node of nodes) node.forwarding.mapChanged(database.map());
  for (const node of nodes) {
    if (database.owners[PID]?.node !== node.name) node.lose(new Set([PID]));
    else {
      node.own.add(PID);
      node.follow();
      node.forwarding.opened([PID]);
    }
  }
}

function give(to: string | undefined, target?: string): void {
  const owner = database.owners[PID];
  if (owner === undefined) return;
  if (owner.node !== to) owner.epoch++;
  owner.node = to;
  owner.target = target;
  database.version++;
}

const write = (...seqs: number[]): void => a.write(conn, SESSION, seqs, () => KEY);
const answered = (): string[] => a.heard.map(({ id }) => id);

beforeEach(() => {
  network = new MemoryNetwork();
  database = new WorldDatabase('b');
  [a, b, c] = [
    new WorldNode('a', network, database, 3),
    new WorldNode('b', network, database),
    new WorldNode('c', network, database),
  ];
  network.link('a', 'b', true);
  network.link('a', 'c', true);
  network.link('b', 'c', true);
  settleMap();
  conn = a.client(SESSION);
});

describe('ops of a client whose node does not own their partition', () => {
  it('[CLU-30] go to the owner with the principal that the gateway has let in, and are executed there', () => {
    write(1, 2);
    run();
    expect(b.staged.map(({ id }) => id)).toEqual(['s1/1', 's1/2']);
    expect(b.guests().map(({ principal, clientId, remote }) => [principal?.sub, clientId, remote])).toEqual([
      ['client-s1', 'client-s1', 'test'],
    ]);
    b.commit();
    a.follow();
    run();
    expect(answered()).toEqual(['s1/1', 's1/2']);
    expect(a.forwarding.size).toBe(0);
  });

  it('[CLU-30] are judged by the rights that the client has by now, and end with its connection and its session', () => {
    write(1);
    run();
    a.change(conn, ['admin']);
    write(2);
    run();
    expect(b.guests().map(({ principal }) => principal?.roles)).toEqual([['admin']]);
    a.end(conn, SESSION);
    run();
    expect([...(b.guests()[0]?.sessions ?? [])]).toEqual([]);
    a.leave(conn);
    run();
    expect([b.guests(), b.peers]).toEqual([[], 0]);
  });

  it('[CLU-30] a client that is revoked at the owner is sent away by its gateway', () => {
    write(1);
    run();
    b.revoke('client-s1');
    run();
    expect(a.closed.get(conn)).toBe(4401);
    expect(a.forwarding.size).toBe(0);
  });

  it('[CLU-30] come back from who is not the owner any more, and go to who is, whoever hears of it first', () => {
    give('c');
    settleMap([b, c]);
    write(1);
    run();
    // Its own map is that of before: it waits for a newer one rather than asking again and again.
    expect([b.staged.length, c.staged.length, a.forwarding.waiting]).toEqual([0, 0, 1]);
    settleMap([a]);
    run();
    expect(c.staged.map(({ id }) => id)).toEqual(['s1/1']);

    give('b');
    a.forwarding.mapChanged(database.map());
    write(2);
    run();
    // The new owner does not know yet that it is: it holds what was sent by a newer map.
    expect(b.staged).toEqual([]);
    settleMap();
    run();
    expect(b.staged.map(({ id }) => id)).toEqual(['s1/1', 's1/2']);
  });

  it('[CLU-31] that went back behind others say nothing of who is the owner by now, nor keep others from going there', () => {
    write(1);
    run();
    b.commit();
    give('c');
    settleMap([b]);
    write(2);
    a.tick();
    while (network.deliver());
    b.tick();
    // It goes back, and the next one has gone out by the same map when that is heard.
    write(3);
    a.tick();
    network.deliver();
    give('b');
    settleMap([a, b]);
    a.tick();
    run();
    write(4);
    run();
    expect(b.staged.map(({ id }) => id)).toEqual(['s1/2', 's1/3', 's1/4']);
    expect(a.forwarding.waiting).toBe(0);
  });

  it('[CLU-31] wait while there is no owner or it changes, in their order, up to a limit', () => {
    give('b', 'c');
    settleMap();
    write(1, 2);
    give(undefined);
    settleMap();
    write(3, 4);
    run();
    expect(b.staged).toEqual([]);
    expect(a.errors).toEqual(['UNAVAILABLE']);
    expect(a.heard).toEqual([{ conn, id: 's1/4', code: 'UNAVAILABLE' }]);
    give('c');
    settleMap();
    run();
    expect(c.staged.map(({ id }) => id)).toEqual(['s1/1', 's1/2', 's1/3']);
  });

  it('[CLU-13] [CLU-31] go to the owner until it gives the partition away, and wait there while it does', () => {
    give('b', 'c');
    settleMap();
    write(1);
    run();
    expect(b.staged.map(({ id }) => id)).toEqual(['s1/1']);
    b.own.delete(PID);
    write(2);
    run();
    expect([b.staged.length, b.forwarding.waiting, a.forwarding.waiting]).toEqual([1, 1, 0]);
    b.commit();
    a.follow();
    give('c');
    settleMap([b, c]);
    run();
    settleMap([a]);
    run();
    expect(c.staged.map(({ id }) => id)).toEqual(['s1/2']);
    expect(answered()).toEqual(['s1/1']);
  });

  it('[CLU-31] that come again on the same connection are answered once', () => {
    write(1);
    write(1);
    run();
    expect(b.staged.length).toBe(1);
    expect(a.forwarding.size).toBe(1);
  });

  it('[CLU-31] go on here when this node becomes the owner, before those that come later', () => {
    write(1);
    run();
    give('a');
    settleMap([a]);
    write(2);
    run();
    expect(a.staged.map(({ id }) => id)).toEqual(['s1/1', 's1/2']);
  });

  it('[CLU-16] that were staged here go to the new owner, before those that came later', () => {
    give('a');
    settleMap();
    write(1, 2);
    expect(a.staged.length).toBe(2);
    give('c');
    a.own.delete(PID);
    write(3);
    a.forwarding.mapChanged(database.map());
    a.lose(new Set([PID]));
    settleMap([c]);
    run();
    expect(c.staged.map(({ id }) => id)).toEqual(['s1/1', 's1/2', 's1/3']);
  });

  it('[CLU-32] are answered when their node has followed the partition up to them', () => {
    write(1);
    run();
    b.commit();
    run();
    expect([answered(), a.forwarding.heldAnswers]).toEqual([[], 1]);
    a.follow();
    run();
    expect([answered(), a.forwarding.heldAnswers]).toEqual([['s1/1'], 0]);
  });

  it('[CLU-33] without an answer are sent again when the link comes back, and have their effect once', () => {
    write(1, 2);
    run();
    b.commit(1);
    network.link('a', 'b', false);
    network.link('a', 'c', false);
    run();
    expect([a.forwarding.size, b.guests().length]).toEqual([2, 0]);
    network.link('a', 'b', true);
    run();
    b.commit();
    a.follow();
    run();
    expect(answered()).toEqual(['s1/1', 's1/2']);
    expect([...database.effects.values()]).toEqual([1, 1]);
  });

  it('[CLU-34] go by way of a third node while there is no link to the owner, and no further', () => {
    network.link('a', 'b', false);
    write(1);
    run();
    expect(b.staged.map(({ id }) => id)).toEqual(['s1/1']);
    b.commit();
    a.follow();
    run();
    expect(answered()).toEqual(['s1/1']);

    // The break lies where this node cannot see it, and is told.
    write(2);
    run();
    network.link('b', 'c', false);
    run();
    expect([b.guests().length, a.forwarding.waiting]).toEqual([0, 1]);
    network.link('a', 'b', true);
    run();
    b.commit();
    a.follow();
    run();
    expect(answered()).toEqual(['s1/1', 's1/2']);
    expect([...database.effects.values()]).toEqual([1, 1]);
  });

  it('[CLU-60] whose writer asked for MEMORY are told so by their node while nobody takes them, and once', () => {
    give(undefined);
    settleMap();
    a.write(conn, SESSION, [1, 2], () => KEY, { concern: CONCERN.MEMORY });
    run();
    expect(a.early.map(({ id }) => id)).toEqual(['s1/1', 's1/2']);
    give('b');
    settleMap();
    run();
    expect(b.concerns).toEqual([CONCERN.PERSISTED]);
    b.commit();
    for (const node of [a, c]) node.follow();
    run();
    expect(answered()).toEqual(['s1/1', 's1/2']);
    expect(a.early).toHaveLength(2);
    expect(a.forwarding.bytes).toBe(0);
  });

  it('[CLU-60] whose owner owns nothing any more and does not know who does: it tells those who asked for MEMORY', () => {
    b.lose(new Set([PID]));
    a.write(conn, SESSION, [1], () => KEY, { concern: CONCERN.MEMORY });
    run();
    expect(a.early.map(({ id }) => id)).toEqual(['s1/1']);
    give('c');
    settleMap();
    run();
    expect(c.concerns).toEqual([CONCERN.PERSISTED]);
    expect(a.early).toHaveLength(1);
  });

  it('[CLU-60] that find no room for their bytes are refused, and told when to come again', () => {
    give(undefined);
    settleMap();
    a.write(conn, SESSION, [1], () => KEY, { bytes: 900 });
    a.write(conn, SESSION, [2], () => KEY, { bytes: 200 });
    expect(a.heard.map(({ id, code }) => [id, code])).toEqual([['s1/2', 'UNAVAILABLE']]);
    expect(a.errors).toEqual(['UNAVAILABLE']);
    expect(a.forwarding.bytes).toBe(900);
  });

  it('[CLU-61] go to the new owners though their node hears nothing of the database: the others tell it the map', () => {
    give('a');
    settleMap();
    for (const node of [a, b, c]) node.mapChanged(database.map());
    run();
    // It fences itself, and is not told what the database decides then.
    a.lose(new Set([PID]));
    give('c');
    settleMap([b, c]);
    for (const node of [b, c]) node.mapChanged(database.map());
    write(1);
    run();
    expect([c.staged.length, a.forwarding.waiting]).toEqual([0, 1]);
    for (const late of a.later.splice(0)) late();
    run();
    expect(c.staged.map(({ id }) => id)).toEqual(['s1/1']);
    expect(a.forwarding.version).toBe(database.version);
  });

  it('[CLU-30] that are refused for now wait for nobody', () => {
    a.isClosed = true;
    write(1);
    expect(a.heard).toEqual([{ conn, id: 's1/1', code: 'UNAVAILABLE' }]);
    expect(a.forwarding.size).toBe(0);
  });
});
