import { Duplex } from 'node:stream';
import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { ClientSocket } from './ClientSocket.js';
import { TurnJoiner } from './TurnJoiner.js';

/** A stream whose network takes nothing until it is told to. */
function stuck() {
  let onOpen: (() => void) | undefined;
  let isOpen = false;
  const stream = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      if (isOpen) done();
      else onOpen = done;
    },
  });
  const socket = { pause: () => undefined, resume: () => undefined } as unknown as WebSocket;
  const told: boolean[] = [];
  const listener = {
    pressed: (isBehind: boolean) => told.push(isBehind),
    tooSlow: () => undefined,
    overdue: () => undefined,
  };
  const connection = new ClientSocket(1, 'test', socket, stream, new TurnJoiner(), listener);
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      stream.once('drain', resolve);
      isOpen = true;
      onOpen?.();
    });
  return { connection, told, drained };
}

describe('a socket that is behind', () => {
  it('[FLOW-5] holds what it had sent before, in order, until it has caught up', async () => {
    const { connection, told, drained } = stuck();
    expect(connection.holds(Buffer.from('read'), true)).toBe(false);
    const pieces = Math.ceil(LIMITS.resyncBytes / 100_000);
    for (let i = 0; i < pieces; i++) {
      connection.push(Buffer.alloc(100_000));
      connection.flush();
    }
    expect(connection.holds(Buffer.from('before it is behind'), true)).toBe(false);
    connection.push(Buffer.alloc(1));
    expect([connection.holds(Buffer.from('a'), true), connection.holds(Buffer.from('b'), false)]).toEqual([
      true,
      true,
    ]);
    expect(connection.release()).toEqual([]);
    await drained();
    // Until they are handed over, nothing goes past them.
    expect(connection.holds(Buffer.from('c'), true)).toBe(true);
    expect(connection.release().map(([data, isBinary]) => [String(data), isBinary])).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
    ]);
    expect(connection.holds(Buffer.from('read again'), true)).toBe(false);
    expect(told).toEqual([true, false]);
  });
});
