import { describe, expect, it } from 'vitest';
import { EngineHost } from './EngineHost.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import type { SecurityManager } from './security/SecurityManager.js';
import { MemoryStore } from './storage/MemoryStore.js';
import type { WebSocketTransport } from './transport/WebSocketTransport.js';
import { createLogger } from './utils/logger.js';

/** A host around an engine that only writes down what it is told. */
function scripted(script: Partial<Record<keyof ServerEngine, (...args: unknown[]) => void>> = {}) {
  const calls: unknown[][] = [];
  const failures: unknown[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void => {
      calls.push([name, ...args]);
    };
  const names = [
    'opened',
    'message',
    'refused',
    'closed',
    'verified',
    'committed',
    'dedupRead',
    'timer',
    'tick',
    'drain',
  ];
  const engine = { ...Object.fromEntries(names.map((name) => [name, note(name)])), ...script };
  const host = new EngineHost({
    store: new MemoryStore(),
    // Only `verify` is used.
    security: { verify: async () => ({ error: 'AUTH_FAILED' }) } as unknown as SecurityManager,
    clock: { wallMs: () => 7 },
    logger: createLogger('silent'),
    onCommit: () => calls.push(['commitDone']),
    onFatal: (error) => failures.push(error),
  });
  const transport = { flush: note('flush'), send: note('send') };
  host.connect(engine as unknown as ServerEngine, transport as unknown as WebSocketTransport);
  return { host, calls, failures };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('EngineHost', () => {
  it('[OPS-34] many inputs of one turn are followed by one tick and one flush', async () => {
    const { host, calls } = scripted();
    host.opened(1, 'ip');
    host.refused(1, 'BAD_FRAME', undefined);
    host.closed(1, false);
    await turn();
    expect(calls.map(([name]) => name)).toEqual(['opened', 'refused', 'closed', 'tick', 'flush']);
    expect(calls[0]).toEqual(['opened', 1, { remote: 'ip' }, 7]);
  });

  it('[GC-1] an engine that has loaded has a tick, also when no input follows', async () => {
    const { host, calls } = scripted();
    host.wake();
    await turn();
    expect(calls.map(([name]) => name)).toEqual(['tick', 'flush']);
  });

  it('[OPS-42] completions come as inputs of their own, each followed by a tick', async () => {
    const { host, calls } = scripted();
    host.commit(3, { slices: [], meta: [] });
    host.readDedup(4, [{ pid: 0, clientId: 'c', session: 's' }]);
    host.verify(5, 'token');
    expect(calls).toEqual([]);
    await turn();
    await turn();
    expect(calls).toContainEqual(['committed', 3, 'committed', 7]);
    expect(calls).toContainEqual(['dedupRead', 4, [undefined], 7]);
    expect(calls).toContainEqual(['verified', 5, { error: 'AUTH_FAILED' }, 7]);
    expect(calls.at(-1)).toEqual(['flush']);
  });

  it('[OPS-42] a timer armed again fires once, a cancelled one never', async () => {
    const { host, calls } = scripted();
    const fired = new Promise<void>((resolve) => {
      const poll = (): void =>
        calls.some(([name]) => name === 'timer') ? resolve() : void setImmediate(poll);
      poll();
    });
    host.arm('a', 0);
    host.arm('a', 1);
    host.arm('b', 0);
    host.cancel('b');
    await fired;
    await turn();
    expect(calls.filter(([name]) => name === 'timer')).toEqual([['timer', 'a', 7]]);
  });

  it('[OPS-42] after the engine threw, nothing reaches it any more and the fault is told once', async () => {
    const { host, calls, failures } = scripted({
      message: () => {
        throw new Error('invariant');
      },
    });
    host.message(1, { type: 'PING', id: 1 }, 10);
    host.opened(2, 'ip');
    host.arm('late', 0);
    await turn();
    expect(failures).toEqual([new Error('invariant')]);
    expect(calls).toEqual([]);
    expect(await host.drain(0)).toBe(true);
  });

  it('[OPS-41] draining ends when the engine says so, or when the time is up', async () => {
    const quick = scripted();
    const done = quick.host.drain(10_000);
    quick.host.drained();
    expect(await done).toBe(true);
    expect(await scripted().host.drain(1)).toBe(false);
  });
});
