import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import type { ConnectionStateChange, Rejection, TopGunClient } from '@topgun/client';
import { backpressure } from '@topgun/client/backpressure';
import { pendingOps } from '@topgun/client/pending';
import { describe, expect, it, vi } from 'vitest';
import { makeClient, reached, settle } from './clients.js';
import { ScriptedServer } from './ScriptedServer.js';

interface Todo {
  readonly title: string;
}

describe('queries', () => {
  it('show own writes in the same tick, tell changes, and keep unchanged rows', async () => {
    const client = makeClient();
    await client.whenReady();
    const todos = client.getMap<Todo>('todos');
    const query = client.query<Todo>('todos', { sort: { title: 'asc' }, limit: 2 });
    const results: string[][] = [];
    const changes: string[] = [];
    query.subscribe((rows) => results.push(rows.map((row) => row._key)));
    query.onChanges((batch) =>
      changes.push(
        batch
          .map(({ type, key }) => `${type} ${key}`)
          .sort()
          .join(),
      ),
    );
    todos.set('b', { title: 'b' });
    todos.set('c', { title: 'c' });
    expect(query.getResults().map((row) => row._key)).toEqual(['b', 'c']);
    await settle();
    const [b] = query.getResults();
    todos.set('a', { title: 'a' });
    expect(query.getResults()[1]).toBe(b);
    await settle();
    expect(results).toEqual([[], ['b', 'c'], ['a', 'b']]);
    expect(changes).toEqual(['add b,add c', 'add a,remove c']);
    query.dispose();
    todos.set('0', { title: '0' });
    await settle();
    expect(results).toHaveLength(3);
  });

  it('say whether the server has answered', async () => {
    const server = new ScriptedServer();
    const client = makeClient({ connectionProvider: server.provider() });
    const query = client.query('todos');
    const seen: string[] = [];
    query.subscribe((_, { completeness }) => seen.push(completeness));
    await reached(client, 'CONNECTED');
    await settle();
    expect(seen[0]).toBe('partial');
    expect(seen.at(-1)).toBe('complete');
    expect(server.all('QUERY_SUB')).toHaveLength(1);
  });
});

describe('a client with a server', () => {
  it('sends what the log holds, once, and settles it', async () => {
    const server = new ScriptedServer();
    const client = makeClient({ connectionProvider: server.provider() });
    const counts: number[] = [];
    client.onPendingOpsChange((count) => counts.push(count));
    const write = client.getMap<number>('m').set('a', 1);
    await client.whenSynced();
    expect(server.keys).toEqual(['a']);
    expect(await write.reached('persisted')).toEqual({ name: 'persisted' });
    await write.reached('durable');
    expect(client.getPendingOpsCount()).toBe(0);
    expect(counts.at(-1)).toBe(0);
    expect(client.getMap('m').get('a')).toBe(1);
    expect(client.getStateHistory().map(({ state }) => state)).toEqual([
      'CONNECTING',
      'AUTHENTICATING',
      'SYNCING',
      'CONNECTED',
    ]);
    expect(client.getStateHistory(1)).toHaveLength(1);
  });

  it('[TX-2] lets writes wait, be listed and go on by the option `backpressure`', async () => {
    const server = new ScriptedServer();
    const pressure = backpressure({ strategy: 'pause', high: 2 });
    const client = makeClient({ connectionProvider: server.provider(), backpressure: pressure });
    const events: string[] = [];
    for (const name of ['high', 'paused', 'low', 'resumed'] as const)
      pressure.on(name, () => events.push(name));
    const map = client.getMap<number>('m');
    await map.set('a', 1).admitted();
    const paused = map.set('b', 2);
    expect(paused.state).toEqual({ name: 'local' });
    expect(pendingOps(client).writes.map(({ key, state }) => [key, state])).toEqual([
      ['a', 'local'],
      ['b', 'local'],
    ]);
    await paused.admitted();
    expect(await paused.reached('sent')).toEqual({ name: 'persisted' });
    expect(client.getPendingOpsCount()).toBeLessThanOrEqual(1);
    expect(events).toEqual(['high', 'paused', 'low', 'resumed']);
    expect(pendingOps(client)).toEqual({ writes: [] });
  });

  it('[SCP-1] holds a whole map from getMap to closeMap, and not for writes alone', async () => {
    const server = new ScriptedServer();
    const client = makeClient({ connectionProvider: server.provider() });
    const writer = client.getMapWriter<Todo>('todos');
    const end = client.query<Todo>('todos', { where: { title: 'milk' } }).subscribe(() => undefined);
    writer.set('a', { title: 'milk' });
    await client.whenSynced();
    expect(server.keys).toEqual(['a']);
    expect([server.all('SYNC_INIT').length, server.all('QUERY_SUB').length]).toEqual([0, 1]);
    client.getMap<Todo>('todos');
    await client.whenSynced();
    await settle();
    expect(server.all('SYNC_INIT').map(({ map }) => map)).toEqual(['todos']);
    client.closeMap('todos');
    await settle();
    expect(server.all('SYNC_END').map(({ map }) => map)).toEqual(['todos']);
    expect(server.all('QUERY_SUB')).toHaveLength(2);
    writer.remove('a');
    await client.whenSynced();
    expect(server.keys).toEqual(['a', 'a']);
    expect(() => client.getORMap('todos')).toThrow();
    end();
  });

  it('close tells the state it leaves, frees the locks of the store and leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const server = new ScriptedServer();
    const disk = new MemoryDisk();
    const make = (): TopGunClient =>
      makeClient({
        storeName: 'closing',
        storage: new MemoryAdapter({ disk }),
        connectionProvider: server.provider(),
      });
    const first = make();
    await reached(first, 'CONNECTED');
    const states: string[] = [];
    first.onConnectionStateChange(({ state }) => states.push(state));
    first.getMap('m').set('a', 1);
    await first.close();
    expect(states.at(-1)).toBe('DISCONNECTED');
    expect(server.connections.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    const second = make();
    await second.whenSynced();
    expect(server.keys).toContain('a');
  });

  it('writes made while the connection is away are sent when it is back', async () => {
    const server = new ScriptedServer();
    const provider = server.provider();
    const client = makeClient({ connectionProvider: provider });
    const map = client.getMap<number>('m');
    await reached(client, 'CONNECTED');
    server.isAnswering = false;
    map.set('a', 1);
    await settle();
    provider.drop();
    map.set('b', 2);
    server.isAnswering = true;
    await client.whenSynced();
    expect(server.keys).toEqual(['a', 'a', 'b']);
  });

  it('[DEV-7] a refused write is taken back and told exactly once, a restart included', async () => {
    const server = new ScriptedServer();
    server.refuseKey = (key) => (key === 'no' ? 'DENIED' : undefined);
    const disk = new MemoryDisk();
    const options = { storeName: 'rejections' };
    const first = makeClient({
      ...options,
      storage: new MemoryAdapter({ disk }),
      connectionProvider: server.provider(),
    });
    const map = first.getMap<number>('m');
    map.set('yes', 1);
    const write = map.set('no', 2);
    expect(await write.reached('persisted')).toEqual({ name: 'rejected', reason: 'DENIED' });
    await first.whenSynced();
    expect(map.keys()).toEqual(['yes']);
    await first.close();
    const got: Rejection[] = [];
    for (let run = 0; run < 2; run++) {
      const next = makeClient({
        ...options,
        storage: new MemoryAdapter({ disk }),
        connectionProvider: server.provider(),
      });
      next.onRejection((rejection) => got.push(rejection));
      await next.whenSynced();
      await settle();
      await next.close();
    }
    expect(got).toMatchObject([{ map: 'm', key: 'no', op: 'PUT', payload: 2, code: 'DENIED' }]);
  });

  it('asks the token provider each time, survives its failure, and goes to ERROR when refused', async () => {
    const server = new ScriptedServer();
    server.refuseToken = (token) => (token === 'good' ? undefined : 'AUTH_FAILED');
    const client = makeClient({ connectionProvider: server.provider(), autoStart: false });
    const authErrors: string[] = [];
    const errors: string[] = [];
    const changes: ConnectionStateChange[] = [];
    client.onAuthError(({ code }) => authErrors.push(code));
    client.onError(({ code }) => errors.push(code));
    client.onConnectionStateChange((change) => changes.push(change));
    const answers = [() => Promise.reject(new Error('offline')), () => Promise.resolve('bad')];
    client.setAuthTokenProvider(() => answers.shift()?.() ?? Promise.resolve('good'));
    client.start();
    await reached(client, 'ERROR');
    expect(errors).toContain('TOKEN_PROVIDER_FAILED');
    expect(authErrors).toEqual(['AUTH_FAILED']);
    expect(changes.at(-1)).toMatchObject({ state: 'ERROR', error: { code: 'AUTH_FAILED' } });
    client.resetConnection();
    await reached(client, 'CONNECTED');
    expect(server.all('AUTH').map(({ token }) => token)).toEqual(['bad', 'good']);
    client.setAuthToken('good');
    await settle();
    expect(server.all('AUTH')).toHaveLength(3);
  });

  it('[CONN-9] a provider that fails when the token ends leaves a connection alone that lives', async () => {
    const server = new ScriptedServer();
    const client = makeClient({ connectionProvider: server.provider(), autoStart: false });
    const errors: string[] = [];
    client.onError(({ code }) => errors.push(code));
    const answers = [() => Promise.resolve('first'), () => Promise.reject(new Error('down'))];
    client.setAuthTokenProvider(() => answers.shift()?.() ?? Promise.resolve('second'));
    client.start();
    await reached(client, 'CONNECTED');
    const ask = async (): Promise<void> => {
      server.send({ type: 'ERROR', code: 'AUTH_EXPIRED', message: 'ends soon' });
      await settle();
    };
    await ask();
    expect([errors, client.getConnectionState()]).toEqual([['TOKEN_PROVIDER_FAILED'], 'CONNECTED']);
    await ask();
    expect(server.all('AUTH').map(({ token }) => token)).toEqual(['first', 'second']);
    expect(client.getStateHistory().filter(({ state }) => state === 'CONNECTING')).toHaveLength(1);
  });

  it('a frame it cannot read closes the connection with 4400 and is tried again', async () => {
    const server = new ScriptedServer();
    const provider = server.provider();
    const client = makeClient({ connectionProvider: provider });
    const errors: string[] = [];
    client.onError(({ code }) => errors.push(code));
    await reached(client, 'CONNECTED');
    provider.deliver(new Uint8Array([0xc1, 1, 2]));
    await settle();
    await reached(client, 'CONNECTED');
    expect(provider.closedWith).toContain(4400);
    expect(errors).toEqual(['BAD_FRAME']);
  });

  it('moves topic messages both ways', async () => {
    const server = new ScriptedServer();
    const client = makeClient({ connectionProvider: server.provider() });
    const topic = client.topic<string>('chat');
    const got: unknown[] = [];
    const end = topic.subscribe((data, info) => got.push([data, info]));
    await reached(client, 'CONNECTED');
    topic.publish('out');
    await settle();
    server.send({ type: 'TOPIC_MSG', topic: 'chat', data: 'in', from: 'u2', ts: 7, id: 'm' });
    await settle();
    end();
    await settle();
    expect(got).toEqual([['in', { timestamp: 7, publisherId: 'u2', id: 'm' }]]);
    expect(server.all('TOPIC_PUB')).toMatchObject([{ topic: 'chat', data: 'out' }]);
    expect(server.all('TOPIC_SUB')).toHaveLength(1);
    expect(server.all('TOPIC_UNSUB')).toHaveLength(1);
  });
});

describe('[TX-3] two clients on one store', () => {
  it('share one connection, see each other, and the second takes over', async () => {
    const server = new ScriptedServer();
    const disk = new MemoryDisk();
    const tab = (): TopGunClient =>
      makeClient({
        storeName: 'tabs',
        storage: new MemoryAdapter({ disk }),
        connectionProvider: server.provider(),
      });
    const first = tab();
    const a = first.getMap<number>('m');
    await reached(first, 'CONNECTED');
    const second = tab();
    const b = second.getMap<number>('m');
    await second.whenReady();
    b.set('from-second', 2);
    a.set('from-first', 1);
    await second.whenSynced();
    await first.whenSynced();
    await settle();
    expect(server.connections.size).toBe(1);
    expect([...server.keys].sort()).toEqual(['from-first', 'from-second']);
    expect(a.get('from-second')).toBe(2);
    expect(b.get('from-first')).toBe(1);
    expect(second.getConnectionState()).toBe('CONNECTED');
    await first.close();
    b.set('after', 3);
    await second.whenSynced();
    expect(server.keys).toContain('after');
    expect(server.connections.size).toBe(1);
  });
});
