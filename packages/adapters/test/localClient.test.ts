import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { describe, expect, it, vi } from 'vitest';
import { makeClient, settle } from './clients.js';

interface Todo {
  readonly title: string;
}

describe('a client on its own', () => {
  it('reads its writes in the same tick, before the store is open and with no network', () => {
    const client = makeClient();
    const todos = client.getMap<Todo>('todos');
    todos.set('a', { title: 'milk' });
    expect(todos.get('a')).toEqual({ title: 'milk' });
    expect(todos.entries()).toEqual([['a', { title: 'milk' }]]);
    expect(todos.size).toBe(1);
    todos.remove('a');
    expect(todos.has('a')).toBe(false);
    const tags = client.getORMap<string>('tags');
    tags.add('k', 'x');
    tags.add('k', 'y');
    tags.remove('k', 'x');
    expect(tags.get('k')).toEqual(['y']);
    const likes = client.getPNCounter('likes');
    expect([likes.increment(), likes.addAndGet(5), likes.decrement(), likes.addAndGet(0)]).toEqual([
      1, 6, 5, 5,
    ]);
  });

  it('[DEV-2] what was flushed is there after a restart, counters and OR maps too', async () => {
    const disk = new MemoryDisk();
    const options = { storeName: 'restart', storage: new MemoryAdapter({ disk }) };
    const first = makeClient(options);
    first.getMap<Todo>('todos').set('a', { title: 'milk' });
    first.getORMap<string>('tags').add('k', 'x');
    first.getPNCounter('likes').addAndGet(3);
    await first.flush();
    await first.close();
    const second = makeClient({ ...options, storage: new MemoryAdapter({ disk }) });
    const todos = second.getMap<Todo>('todos');
    const tags = second.getORMap<string>('tags');
    const likes = second.getPNCounter('likes');
    await second.whenReady();
    expect(todos.get('a')).toEqual({ title: 'milk' });
    expect(tags.get('k')).toEqual(['x']);
    expect(likes.get()).toBe(3);
    expect(second.getPendingOpsCount()).toBe(3);
  });

  it('listeners of a map are called once per tick with the changed keys, a counter once with its value', async () => {
    const client = makeClient();
    await client.whenReady();
    await settle();
    const map = client.getMap<number>('m');
    const calls: string[][] = [];
    const values: number[] = [];
    map.onChange((keys) => calls.push([...keys].sort()));
    const likes = client.getPNCounter('likes');
    likes.subscribe((value) => values.push(value));
    for (let i = 0; i < 3; i++) map.set(`k${i}`, i);
    likes.increment();
    likes.increment();
    await settle();
    expect(calls).toEqual([['k0', 'k1', 'k2']]);
    expect(values).toEqual([0, 2]);
  });

  it('a name belongs to one kind, and gives the same handle each time', () => {
    const client = makeClient();
    expect(client.getMap('m')).toBe(client.getMap('m'));
    expect(() => client.getORMap('m')).toThrow(expect.objectContaining({ code: 'WRONG_KIND' }));
    expect(() => client.getPNCounter('m')).toThrow(expect.objectContaining({ code: 'WRONG_KIND' }));
  });

  it('[DAT-4] a value that cannot travel is refused at set and changes nothing', () => {
    const client = makeClient();
    const map = client.getMap<unknown>('m');
    expect(() => map.set('a', { run: () => undefined })).toThrow(
      expect.objectContaining({ code: 'VALUE_NOT_ADMITTED' }),
    );
    expect(() => map.set('a', null)).toThrow(expect.objectContaining({ code: 'VALUE_NOT_ADMITTED' }));
    expect(map.has('a')).toBe(false);
    expect(client.getPendingOpsCount()).toBe(0);
  });

  it('whenSynced is refused without a server, and everything after close', async () => {
    const client = makeClient();
    await expect(client.whenSynced()).rejects.toMatchObject({ code: 'NO_SERVER' });
    const map = client.getMap('m');
    await client.close();
    await client.close();
    await expect(client.flush()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(() => map.set('a', 1)).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
    expect(() => client.getMap('other')).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
  });

  it('a store that cannot be opened fails flush with its error and is tried again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const storage = new MemoryAdapter({ disk: new MemoryDisk() });
    const open = vi.spyOn(storage, 'open').mockRejectedValueOnce(new Error('blocked by policy'));
    const errors: string[] = [];
    const client = makeClient({ storage });
    client.onError((error) => errors.push(error.message));
    client.getMap('m').set('a', 1);
    await settle();
    await expect(client.flush()).rejects.toMatchObject({ message: 'blocked by policy' });
    expect(errors).toEqual(['blocked by policy']);
    open.mockRestore();
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    await client.flush();
    expect(await storage.iterate(['op'], () => undefined)).toBeGreaterThan(0);
  });

  it('with autoStart: false nothing is opened before start()', async () => {
    const storage = new MemoryAdapter({ disk: new MemoryDisk() });
    const open = vi.spyOn(storage, 'open');
    const client = makeClient({ storage, autoStart: false });
    client.getMap('m').set('a', 1);
    await settle();
    expect(open).not.toHaveBeenCalled();
    client.start();
    await client.flush();
    expect(client.getMap('m').get('a')).toBe(1);
  });
});
