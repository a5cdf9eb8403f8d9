import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { byLine } from './byLine.js';
import { Control, notePath, tell } from './control.js';
import { LinkProxy } from './LinkProxy.js';
import { findPostgres, findRedis } from './programs.js';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function program(...path: string[]): string {
  const file = join(...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

describe('the programs of a cluster', () => {
  it('[CLI-60] a PostgreSQL is one with initdb beside it, even behind a link', () => {
    const folder = newFolder();
    const real = program(folder, '17', 'bin', 'postgres');
    program(folder, '17', 'bin', 'initdb');
    mkdirSync(join(folder, 'bin'));
    symlinkSync(real, join(folder, 'bin', 'postgres'));
    program(folder, 'client', 'postgres');
    const path = [join(folder, 'client'), join(folder, 'bin')].join(':');
    expect(findPostgres({ PATH: path }, [])).toBe(join(folder, 'bin', 'postgres'));
    expect(findPostgres({}, [dirname(real)])).toBe(real);
    expect(findPostgres({ TOPGUN_POSTGRES: real, PATH: '' }, [])).toBe(real);
    for (const env of [{}, { PATH: join(folder, 'client') }, { TOPGUN_POSTGRES: '/nowhere', PATH: path }])
      expect(() => findPostgres(env, [])).toThrow(expect.objectContaining({ code: 'POSTGRES_MISSING' }));
  });

  it('[CLI-60] a Redis may be a Valkey, and may be missing', () => {
    const folder = newFolder();
    const valkey = program(folder, 'valkey-server');
    expect(findRedis({ PATH: folder }, [])).toBe(valkey);
    expect(findRedis({}, [])).toBeUndefined();
    const redis = program(folder, 'redis-server');
    expect(findRedis({ PATH: folder }, [])).toBe(redis);
  });
});

describe('the way between two nodes', () => {
  /** A node that sends back what it hears. */
  async function node(): Promise<number> {
    const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return (server.address() as { port: number }).port;
  }

  async function open() {
    const port = await node();
    const proxy = await LinkProxy.open(['node-1', 'node-2', 'node-10'], () => port);
    onTestFinished(() => proxy.close());
    const sockets: Socket[] = [];
    const dial = async (): Promise<{
      say: (text: string) => void;
      hears: (text: string) => Promise<void>;
      text: () => string;
      socket: Socket;
    }> => {
      const socket = connect(proxy.port, '127.0.0.1');
      sockets.push(socket);
      onTestFinished(() => void socket.destroy());
      let text = '';
      socket.on('error', () => undefined);
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      await once(socket, 'connect');
      const hears = async (wanted: string): Promise<void> => {
        while (!text.includes(wanted)) await once(socket, 'data');
      };
      return { say: (more) => void socket.write(more), hears, text: () => text, socket };
    };
    return { proxy, dial };
  }

  it('[CLI-62] carries everything until it is cut, then nothing, and again when it is mended', async () => {
    const { proxy, dial } = await open();
    const [one, ten] = [await dial(), await dial()];
    one.say('GET /cluster\r\n\r\nnode-1 of node-2');
    ten.say('node-10');
    await Promise.all([one.hears('node-1 of node-2'), ten.hears('node-10')]);
    proxy.cut('node-1');
    one.say('lost');
    ten.say(' on');
    await ten.hears('on');
    // What a third one says has gone round by now; this one has heard nothing, and its connection is open.
    expect([one.text().includes('lost'), one.socket.closed]).toEqual([false, false]);
    const late = await dial();
    late.say('node-1 comes back');
    ten.say(' and on');
    await ten.hears('and on');
    const gone = Promise.all([once(one.socket, 'close'), once(late.socket, 'close')]);
    proxy.mend('node-1');
    await gone;
    const again = await dial();
    again.say('node-1 again');
    await again.hears('again');
    expect(ten.socket.closed).toBe(false);
  });
});

describe('the control of a running cluster', () => {
  it('[CLI-63] takes lines from whoever has the note, which its user alone can read', async () => {
    const path = join(newFolder(), 'deep', 'cluster.json');
    const said: string[] = [];
    let control: Control | undefined;
    control = await Control.open(path, async (line) => {
      said.push(line);
      control?.close();
      return 'answer\n';
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(Control.open(path, async () => '')).rejects.toMatchObject({ code: 'CLUSTER_RUNNING' });
    const { port } = JSON.parse(readFileSync(path, 'utf8')) as { port: number };
    const stranger = connect(port, '127.0.0.1');
    stranger.on('error', () => undefined).write('quit\nquit\n');
    await once(stranger, 'close');
    expect(said).toEqual([]);
    const ending = tell(path, 'quit');
    await ending;
    expect([said, existsSync(path)]).toEqual([['quit'], false]);
    await expect(tell(path, 'quit')).rejects.toMatchObject({ code: 'CLUSTER_NOT_RUNNING' });
  });

  it('[CLI-63] a note that was left behind keeps nobody from starting', async () => {
    const path = join(newFolder(), 'cluster.json');
    for (const text of ['{', '{"port":1,"word":"w"}', '{}']) {
      writeFileSync(path, text);
      const control = await Control.open(path, async () => '');
      control.close();
    }
  });

  it('[CLI-63] lies in the folder, or where its user finds it', () => {
    expect(notePath('data', '/home/ann')).toBe('/home/ann/data/cluster.json');
    expect(notePath(undefined, '/home/ann').startsWith(tmpdir())).toBe(true);
  });
});

describe('lines', () => {
  it('[CLI-60] are whole, however the text comes in', () => {
    const lines: string[] = [];
    const take = byLine((line) => lines.push(line));
    for (const part of ['a', 'b\nc\n\nd', '\n', 'rest']) take(part);
    expect(lines).toEqual(['ab', 'c', '', 'd']);
  });
});
