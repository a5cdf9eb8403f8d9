import { partitionOf } from '@topgun/core';
import { CLOSE_CODE, LIMITS, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { ModelScope } from './testing/ModelScope.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const PID = partitionOf('likes');

/** The same device on a new socket. */
function again(node: TestNode, device: TestDevice): TestDevice {
  const { clientId, session, sub } = device;
  const next = node.device(sub, { clientId, session });
  next.seq = device.seq;
  next.settledBelow = device.settledBelow;
  next.incarnation = next.last('AUTH_ACK')?.incarnation ?? '';
  return next;
}

/** A cursor of a map of its own, which the store has signed after one more change there. */
function cursorAfterChange(node: TestNode): Uint8Array | undefined {
  const scope = new ModelScope(node.device('eve'), 'places');
  node.device('eve').put('places', 'here', node.now);
  node.settle();
  scope.sync();
  // The key of the cursor is stored with the next commit.
  node.device('eve').put('places', 'there', node.now);
  node.settle();
  return scope.cursor;
}

/** Somebody comes with that cursor. */
function show(node: TestNode, cursor: Uint8Array | undefined): void {
  const scope = new ModelScope(node.device('eve'), 'places');
  scope.cursor = cursor;
  scope.sync(true);
}

const total = (node: TestNode): unknown => {
  const [record] = node.engine.changesSince(PID, { epoch: 0, n: 0 }, 10);
  return record?.value;
};

describe('a new life of the store', () => {
  it('[INC-1] raises every epoch above all of the time that is missing, also under a clock that went back', () => {
    const node = new TestNode();
    const device = node.device();
    device.put('m', 'a', 1);
    node.settle();
    const old = node.copyOfStore();
    node.restart();
    const later = again(node, device);
    later.put('m', 'b', 2);
    node.settle();
    const lost = later.outcomeOf(2);
    node.renewedFrom = 'life-1';
    node.now -= 3_600_000;
    node.restart(old);
    const last = again(node, later);
    last.put('m', 'c', 3);
    node.settle();
    expect(last.outcomeOf(3)?.epoch).toBeGreaterThan(lost?.epoch ?? 0);
  });

  it('[INC-1] a frame that names another life settles nothing, is executed, and is told of the present one once', () => {
    const node = new TestNode();
    const device = node.device();
    device.incarnation = 'life-0';
    device.settledBelow = 5;
    device.seq = 2;
    device.put('m', 'a', 1);
    device.put('m', 'a', 2);
    node.settle();
    expect([3, 4].map((seq) => device.outcomeOf(seq)?.outcome)).toEqual([OUTCOME.APPLIED, OUTCOME.APPLIED]);
    expect(device.errors).toEqual(['NEW_INCARNATION']);
    expect(node.closed.has(device.conn)).toBe(false);
  });

  it('[INC-1] dedup that was restored with the data stays valid; what the client settles restarts where it says', () => {
    const node = new TestNode();
    const device = node.device();
    device.increment('likes', 'likes', 5);
    node.settle();
    const old = node.copyOfStore();
    device.increment('likes', 'likes', 7);
    node.settle();
    device.settledBelow = 3;
    node.renewedFrom = 'life-1';
    node.restart(old);
    const next = again(node, device);
    next.settledBelow = 1;
    next.seq = 0;
    next.increment('likes', 'likes', 5);
    next.increment('likes', 'likes', 7);
    node.settle();
    expect(total(node)).toEqual([12, 0]);
    expect([1, 2].map((seq) => next.outcomeOf(seq)?.outcome)).toEqual([OUTCOME.DUPLICATE, OUTCOME.APPLIED]);
  });

  it('[INC-1] a removal that is sent again before the add that it removes still removes it', () => {
    const node = new TestNode();
    const maker = node.device('ann');
    const taker = node.device('bob');
    maker.add('tags', 'k', 'kept');
    node.settle();
    const old = node.copyOfStore();
    const tag = maker.add('tags', 'k', 'removed');
    node.settle();
    taker.removeTags('tags', 'k', [tag]);
    node.settle();
    const [add, take] = [maker, taker].map(({ conn }) => node.lastOps(conn));
    node.renewedFrom = 'life-1';
    node.restart(old);
    const [makerAgain, takerAgain] = [again(node, maker), again(node, taker)];
    takerAgain.ops(['tags'], take ?? []);
    node.settle();
    makerAgain.ops(['tags'], add ?? []);
    node.settle();
    const values = node.engine
      .changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 10)
      .map(({ value }) => value);
    expect(values).toEqual(['kept', undefined]);
    node.now += 120_000;
    // What is made in this life can be observed before it is removed: such a removal is not remembered.
    takerAgain.removeTags('tags', 'k', [`${maker.clientId}:${maker.session}:9`]);
    node.settle();
    expect(node.engine.changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 10)).toHaveLength(2);
  });

  it('[INC-2] a proof of rollback ends all connections, waits for what is staged, and begins a new life', () => {
    const node = new TestNode();
    cursorAfterChange(node);
    const old = node.copyOfStore();
    const cursor = cursorAfterChange(node);
    const lostEpoch = node.boot().partitions.get(partitionOf('here'))?.epoch ?? 0;
    node.restart(old);
    const device = node.device();
    device.put('m', 'a', 1);
    node.tick();
    show(node, cursor);
    node.tick();
    expect(device.errors).toEqual(['NEW_INCARNATION']);
    expect(node.closed.get(device.conn)).toBe(CLOSE_CODE.TRY_LATER);
    expect(node.renewals).toBe(0);
    const early = node.stranger();
    expect(node.closed.get(early.conn)).toBe(CLOSE_CODE.TRY_LATER);
    node.settle();
    node.tick();
    expect(node.renewals).toBe(1);
    node.renewed('life-2');
    const next = again(node, device);
    expect(next.incarnation).toBe('life-2');
    next.put('m', 'a', 2);
    node.settle();
    expect(next.outcomeOf(2)).toMatchObject({ outcome: OUTCOME.APPLIED, n: 1 });
    expect(next.outcomeOf(2)?.epoch).toBeGreaterThan(lostEpoch);
    // The same cursor again: it is of another life, and proves nothing in this one.
    show(node, cursor);
    node.settle();
    expect(node.renewals).toBe(1);
  });

  it('[INC-2] what was called settled before the rollback was noticed is open again: nothing lost, nothing twice', () => {
    const node = new TestNode();
    const device = node.device();
    device.increment('likes', 'likes', 1);
    device.increment('likes', 'likes', 2);
    node.settle();
    cursorAfterChange(node);
    const old = node.copyOfStore();
    device.increment('likes', 'likes', 4);
    device.increment('likes', 'likes', 8);
    node.settle();
    const cursor = cursorAfterChange(node);
    device.settledBelow = 5;
    // The disk as a whole is set back: the store does not notice, and the device goes on as if nothing had happened.
    node.restart(old);
    const unaware = again(node, device);
    expect(unaware.incarnation).toBe('life-1');
    unaware.increment('likes', 'likes', 16);
    node.settle();
    unaware.settledBelow = 6;
    unaware.increment('likes', 'likes', 32);
    node.settle();
    expect(total(node)).toEqual([1 + 2 + 16 + 32, 0]);
    // Somebody shows a position of the time that is missing.
    show(node, cursor);
    node.settle();
    node.renewed('life-2');
    const aware = again(node, unaware);
    aware.settledBelow = 1;
    aware.seq = 0;
    for (const delta of [1, 2, 4, 8, 16, 32]) aware.increment('likes', 'likes', delta);
    node.settle();
    expect(total(node)).toEqual([63, 0]);
    expect([1, 2, 3, 4, 5, 6].map((seq) => aware.outcomeOf(seq)?.outcome)).toEqual([4, 4, 0, 0, 4, 4]);
    // Once more, after the answers were lost: each has its outcome now.
    aware.seq = 0;
    for (const delta of [1, 2, 4, 8, 16, 32]) aware.increment('likes', 'likes', delta);
    node.settle();
    expect(total(node)).toEqual([63, 0]);
  });

  it('[INC-2] the outcomes kept for that are let go of after the time for which clients keep answered ops', () => {
    const node = new TestNode();
    const device = node.device();
    device.increment('likes', 'likes', 1);
    node.settle();
    cursorAfterChange(node);
    const old = node.copyOfStore();
    const cursor = cursorAfterChange(node);
    node.restart(old);
    const later = again(node, device);
    later.settledBelow = 2;
    later.increment('likes', 'likes', 2);
    node.settle();
    node.now += LIMITS.answeredMs + 1;
    later.increment('likes', 'likes', 4);
    node.settle();
    show(node, cursor);
    node.settle();
    node.renewed('life-2');
    const last = again(node, later);
    last.settledBelow = 1;
    last.seq = 0;
    last.increment('likes', 'likes', 1);
    node.settle();
    expect(total(node)).toEqual([7, 0]);
  });
});
