import { partitionOf } from '@topgun/core';
import { OP, packHashes } from '@topgun/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gate } from '../engine/Gate.js';
import type { TestDevice } from '../engine/testing/TestDevice.js';
import { TestNode } from '../engine/testing/TestNode.js';
import { PermissionPolicy } from './PermissionPolicy.js';

/** Uses every outlet and every kind of write once, while somebody else writes and speaks. */
function useEverything(node: TestNode, ann: TestDevice, eve: TestDevice): void {
  ann.put('notes', 'a', 'SECRET 1');
  const tag = ann.add('tags', 'a', 'SECRET 2');
  node.settle();
  eve.syncInit('notes');
  eve.send({ type: 'MERKLE_REQ', req: 7, map: 'notes', nodes: [[partitionOf('a'), '', null]] });
  eve.send({ type: 'ROWS_REQ', req: 8, map: 'notes', items: [[partitionOf('a'), '', packHashes([1])]] });
  eve.send({ type: 'QUERY_SUB', query: 'q', map: 'notes' });
  eve.send({ type: 'TOPIC_SUB', topic: 'news' });
  ann.send({ type: 'TOPIC_SUB', topic: 'news' });
  eve.send({ type: 'TOPIC_PUB', topic: 'news', data: 'of eve' });
  ann.send({ type: 'TOPIC_PUB', topic: 'news', data: 'SECRET 3' });
  eve.put('notes', 'a', 'of eve');
  eve.remove('notes', 'a');
  eve.add('tags', 'a', 'of eve');
  eve.removeTags('tags', 'a', [tag]);
  eve.increment('counts', 'a', 1);
  eve.transaction(
    ['notes'],
    [
      [OP.PUT, 0, '{t}x', null, 'of eve'],
      [OP.REMOVE, 0, '{t}y', null, null],
    ],
  );
  ann.put('notes', 'b', 'SECRET 4');
  node.settle();
}

function expectNothing(node: TestNode, ann: TestDevice, eve: TestDevice): void {
  expect(eve.errors).toEqual(['DENIED', 'RESYNC', 'RESYNC', 'DENIED', 'DENIED', 'DENIED']);
  expect([1, 2, 3, 4, 5, 6].map((seq) => eve.codeOf(seq))).toEqual(Array(6).fill('DENIED'));
  expect(JSON.stringify(node.sent.filter(({ conn }) => conn === eve.conn))).not.toContain('SECRET');
  expect(ann.all('TOPIC_MSG')).toEqual([]);
  expect(node.engine.stats().records).toBe(3);
}

describe('every outlet', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('[PERM-1] is closed to a subject whom no policy names', () => {
    const node = new TestNode();
    const [ann, eve] = [node.device('ann'), node.device('eve', { roles: ['nobody'] })];
    useEverything(node, ann, eve);
    expectNothing(node, ann, eve);
  });

  it('[PERM-1] asks the one gate: closed there, it is closed to whom the policies allow everything', () => {
    const node = new TestNode();
    const [ann, eve] = [node.device('ann'), node.device('eve')];
    const closed = new PermissionPolicy([]);
    const may = Gate.prototype.may;
    vi.spyOn(Gate.prototype, 'may').mockImplementation(function (this: Gate, conn, map) {
      return conn.id === eve.conn ? closed.may(eve.principal, map) : may.call(this, conn, map);
    });
    useEverything(node, ann, eve);
    expectNothing(node, ann, eve);
  });
});
