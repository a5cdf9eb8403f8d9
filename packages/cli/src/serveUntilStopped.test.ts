import { describe, expect, it } from 'vitest';
import type { CliIo, StopSignal } from './CliIo.js';
import { serveUntilStopped, webAddress } from './serveUntilStopped.js';

function fakeIo() {
  const listeners = new Set<(signal: StopSignal) => void>();
  const reloads = new Set<() => void>();
  const exits: number[] = [];
  const io: CliIo = {
    out: () => undefined,
    err: () => undefined,
    env: {},
    cwd: '/',
    color: false,
    columns: 80,
    onLine: () => () => undefined,
    onStopSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exitNow: (code) => exits.push(code),
    onReload: (listener) => {
      reloads.add(listener);
      return () => reloads.delete(listener);
    },
    readSecret: async () => '',
    isInteractive: false,
  };
  const send = (signal: StopSignal) => {
    for (const listener of listeners) listener(signal);
  };
  return { io, send, exits, listeners, reloads };
}

/** What a server can do, without doing it. */
const still = {
  start: async () => ({ host: '127.0.0.1', port: 1 }),
  shutdown: async () => undefined,
  reloadKeys: async () => undefined,
};

describe('serveUntilStopped', () => {
  it('[CLI-5] drains at the first signal and then ends', async () => {
    const { io, send, exits, listeners } = fakeIo();
    const calls: string[] = [];
    const server = {
      ...still,
      start: async () => ({ host: '127.0.0.1', port: 1 }),
      shutdown: async () => {
        calls.push('shutdown');
      },
    };
    await serveUntilStopped(
      () => server,
      io,
      () => {
        calls.push('ready');
        send('SIGTERM');
      },
    );
    expect([calls, exits, listeners.size]).toEqual([['ready', 'shutdown'], [], 0]);
  });

  it('[CLI-5] [FLOW-12] ends at once at the second signal', async () => {
    const { io, send, exits } = fakeIo();
    const server = {
      ...still,
      start: async () => ({ host: '127.0.0.1', port: 1 }),
      shutdown: async () => send('SIGINT'),
    };
    await serveUntilStopped(
      () => server,
      io,
      () => send('SIGTERM'),
    );
    expect(exits).toEqual([130]);
  });

  it('[FLOW-13] stops a server that is still starting, and takes the start given up for no fault', async () => {
    const { io, send, listeners } = fakeIo();
    const calls: string[] = [];
    let giveUp: (error: Error) => void = () => undefined;
    const server = {
      ...still,
      start: () =>
        new Promise<never>((_, reject) => {
          giveUp = reject;
          setImmediate(() => send('SIGTERM'));
        }),
      shutdown: async () => {
        calls.push('shutdown');
        giveUp(new Error('stopped while it was starting'));
      },
    };
    await serveUntilStopped(
      () => server,
      io,
      () => calls.push('ready'),
    );
    expect([calls, listeners.size]).toEqual([['shutdown'], 0]);
  });

  it('[AUTH-6] has the server read its keys again at SIGHUP, and tells what is wrong with them', async () => {
    const { io, send, reloads } = fakeIo();
    const told: string[] = [];
    let reloaded = 0;
    const reloadKeys = async (): Promise<void> => {
      if (++reloaded === 2) throw new Error('no such key');
    };
    const serving = serveUntilStopped(
      () => ({ ...still, reloadKeys }),
      { ...io, err: (text) => told.push(text) },
      () => undefined,
    );
    const hangUp = async (): Promise<void> => {
      for (const reload of reloads) reload();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await hangUp();
    expect([reloaded, told]).toEqual([1, []]);
    await hangUp();
    expect(told.join('')).toContain('no such key');
    send('SIGTERM');
    await serving;
    expect(reloads.size).toBe(0);
  });

  it('closes the server and tells why when it cannot go on', async () => {
    const { io } = fakeIo();
    const calls: string[] = [];
    const make = (onFatal: (error: unknown) => void) => ({
      ...still,
      start: async () => {
        onFatal(new Error('the disk is gone'));
        return { host: '127.0.0.1', port: 1 };
      },
      shutdown: async () => {
        calls.push('shutdown');
      },
    });
    // Whose text that is, nobody knows here.
    await expect(serveUntilStopped(make, io, () => undefined)).rejects.toMatchObject({
      code: 'SERVER_FAILED',
      message: 'The server cannot go on.',
    });
    expect(calls).toEqual(['shutdown']);
  });

  it('lets go of the signals when the start fails', async () => {
    const { io, listeners } = fakeIo();
    const server = { ...still, start: () => Promise.reject(new Error('taken')) };
    await expect(
      serveUntilStopped(
        () => server,
        io,
        () => undefined,
      ),
    ).rejects.toThrow('taken');
    expect(listeners.size).toBe(0);
  });
});

describe('webAddress', () => {
  it('[CLI-3] names an address that a browser here can open', () => {
    const of = (host: string) => webAddress({ host, port: 80 });
    expect(['127.0.0.1', '0.0.0.0', '::', '::1', 'example.org'].map(of)).toEqual([
      'http://127.0.0.1:80/',
      'http://127.0.0.1:80/',
      'http://[::1]:80/',
      'http://[::1]:80/',
      'http://example.org:80/',
    ]);
    expect(webAddress({ host: 'example.org', port: 443 }, true)).toBe('https://example.org:443/');
  });
});
