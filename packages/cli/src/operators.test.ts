import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../test/runInProcess.js';
import type { CliIo } from './CliIo.js';
import { exitCodes } from './exitCodes.js';
import { readSecret } from './readSecret.js';

const secret = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const password = 'correct horse battery';
let folder: string;
let server: ServerCoordinator | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-operators-'));
});
afterEach(async () => {
  await server?.shutdown();
  server = undefined;
  await rm(folder, { recursive: true });
});

async function started(): Promise<string> {
  server = new ServerCoordinator({
    port: 0,
    dataDir: folder,
    jwtSecret: secret,
    logLevel: 'silent',
    drainMs: 50,
  });
  const { port } = await server.start();
  return `http://127.0.0.1:${port}`;
}

const add = (args: readonly string[], io: Partial<CliIo> = {}) =>
  runInProcess(['operator:add', ...args], { env: { TOPGUN_DATA_DIR: folder }, ...io });

describe('topgun operator:add', () => {
  it('[CLI-40] makes an operator who can sign in, with a password that was typed twice', async () => {
    const prompts: string[] = [];
    const readIt = async (prompt: string): Promise<string> => {
      prompts.push(prompt);
      return password;
    };
    const { code, out } = await add(['ada'], { readSecret: readIt, isInteractive: true });
    expect([code, prompts]).toEqual([exitCodes.ok, ['Password of ada: ', 'Once more: ']]);
    expect(out).toContain('ada can sign in as ADMIN');
    expect(out).not.toContain(password);
    const login = await fetch(`${await started()}/api/auth/login`, {
      method: 'POST',
      body: JSON.stringify({ name: 'ada', password }),
    });
    expect(login.status).toBe(200);
  });

  it.each<[string, readonly string[], Partial<CliIo>, string]>([
    ['a short password', ['ada'], { readSecret: async () => 'short' }, 'OPERATOR_INVALID'],
    ['a name with a space', ['a b'], { readSecret: async () => password }, 'OPERATOR_INVALID'],
    [
      'two passwords',
      ['ada'],
      { isInteractive: true, readSecret: async (prompt) => prompt.padEnd(12) },
      'PASSWORDS_DIFFER',
    ],
  ])('[CLI-40] refuses %s', async (_, args, io, code) => {
    const result = await add(args, io);
    expect([result.code, result.err.split(' ')[1]]).toEqual([exitCodes.failure, code]);
  });

  it('[CLI-40] reads one line of what is piped, and does not show what is typed', async () => {
    expect(await readSecret(Readable.from(['first\nsecond\n']), new PassThrough(), 'Password: ')).toBe(
      'first',
    );
    expect(await readSecret(Readable.from([]), new PassThrough(), 'Password: ')).toBe('');
    const typed = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const shown = new PassThrough();
    const line = readSecret(typed, shown, 'Password: ');
    typed.write('hidden\r');
    expect(await line).toBe('hidden');
    expect(String(shown.read())).toBe('Password: \n');
  });
});

describe('topgun token:revoke', () => {
  it('[CLI-41] has a server refuse the tokens of a subject', async () => {
    const url = await started();
    const env = { TOPGUN_JWT_SECRET: secret };
    const tokenOf = async (sub: string): Promise<string> =>
      (await runInProcess(['token', '--sub', sub, '--roles', 'ADMIN'], { env })).out.trim();
    const [ada, root] = [await tokenOf('ada'), await tokenOf('root')];
    const who = async (): Promise<unknown> => {
      const answer = await fetch(`${url}/api/auth/status`, { headers: { authorization: `Bearer ${ada}` } });
      return ((await answer.json()) as { user?: unknown }).user;
    };
    expect(await who()).toMatchObject({ sub: 'ada' });
    const { code, out } = await runInProcess(['token:revoke', '--sub', 'ada', '--url', url], {
      env: { TOPGUN_TOKEN: root },
    });
    expect([code, out]).toEqual([exitCodes.ok, 'Tokens of ada are refused from now on.\n']);
    expect(await who()).toBeUndefined();
    const refused = await runInProcess(['token:revoke', '--sub', 'root', '--url', url, '--token', ada]);
    expect(refused.err).toContain('TOKEN_REFUSED');
  });

  it.each([[[]], [['--sub', 'a', '--jti', 'b']], [['--jti', 'a', '--before', '2026-01-01T00:00:00Z']]])(
    '[CLI-41] %j does not say what to revoke',
    async (args) => {
      const { code, err } = await runInProcess(['token:revoke', ...args]);
      expect([code, err.split(' ')[1]]).toEqual([exitCodes.failure, 'REVOKE_WHAT']);
    },
  );
});
