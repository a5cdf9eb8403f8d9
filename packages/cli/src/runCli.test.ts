import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess as run } from '../test/runInProcess.js';
import { exitCodes } from './exitCodes.js';

const SECRET = 'a secret of at least thirty-two bytes';

describe('topgun', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-cli-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('[CLI-1] explains itself and every command, with examples', async () => {
    const pages: string[] = [];
    for (const args of [
      [],
      ['dev'],
      ['start'],
      ['status'],
      ['token'],
      ['token:revoke'],
      ['operator:add'],
      ['backup'],
      ['restore'],
      ['query'],
      ['import'],
      ['repair'],
      ['cluster:status'],
      ['cluster:drain'],
      ['cluster:start'],
      ['docker:start'],
      ['doctor'],
    ]) {
      const { code, out, err } = await run([...args, '--help']);
      expect([args, code, err]).toEqual([args, exitCodes.ok, '']);
      expect(out, args.join(' ')).toContain('Examples:');
      pages.push(`$ ${['topgun', ...args, '--help'].join(' ')}\n\n${out}`);
    }
    await expect(pages.join('\n')).toMatchFileSnapshot('./help.golden.txt');
  });

  it('[CLI-1] prints its version', async () => {
    const { code, out } = await run(['--version']);
    expect(code).toBe(exitCodes.ok);
    expect(out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  it.each([
    ['an unknown command', ['launch']],
    ['an unknown option', ['status', '--colour']],
    ['a missing value', ['status', '--url']],
    ['a missing required option', ['token']],
    ['a missing argument', ['restore']],
    ['a repair that says not what', ['repair', 'm', 'k']],
    ['a repair of all to one value', ['repair', 'm', '--all', '--value', '1']],
    ['a value that is no JSON', ['repair', 'm', 'k', '--value', '{']],
    ['a malformed duration', ['token', '--sub', 'ada', '--ttl', 'soon']],
    ['a malformed role', ['token', '--sub', 'ada', '--roles', 'a b']],
    ['a malformed port', ['doctor', '--port', 'http']],
    ['a setting that the schema refuses', ['dev', '--port', '70000']],
    ['a setting that does not exist', ['start', '--jwt-secret', 'x']],
  ])('[CLI-11] ends with the usage code after %s', async (_what, args) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([exitCodes.usage, '']);
    expect(err).toContain('--help');
  });

  it('[CLI-10] shows code, message and remedy of a user error, and no stack', async () => {
    const { code, err } = await run(['token', '--sub', 'ada']);
    expect(code).toBe(exitCodes.failure);
    expect(err).toBe(
      'error TOKEN_SECRET_MISSING No secret to sign the token with.\n' +
        '      Set TOPGUN_JWT_SECRET to the secret of the server, or pass --secret-file.\n',
    );
  });

  it('[CLI-10] shows the stack and the cause with --verbose', async () => {
    const { err } = await run([
      'token',
      '--sub',
      'ada',
      '--secret-file',
      join(folder, 'missing'),
      '--verbose',
    ]);
    expect(err).toContain('FILE_UNREADABLE');
    expect(err).toMatch(/caused by Error: ENOENT/);
    expect(err).toMatch(/\n {4}at /);
  });

  it('[CLI-6] ends with the unhealthy code when no server answers', async () => {
    const { code, err } = await run(['status', '--url', 'http://127.0.0.1:1']);
    expect(code).toBe(exitCodes.unhealthy);
    expect(err).toContain('SERVER_UNREACHABLE');
  });

  it('[CLI-6] refuses an address that is none, and a server that is another program', async () => {
    expect((await run(['status', '--url', 'localhost:8080'])).err).toContain('URL_INVALID');
    const other = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, err } = await run(['status', '--url', `http://127.0.0.1:${port}`]);
    expect([code, err.split(' ')[1]]).toEqual([exitCodes.failure, 'SERVER_ANSWER']);
    await new Promise((resolve) => other.close(resolve));
  });

  it('[CLI-6] shows what a server answers, hands the token on, and tells ready from not ready', async () => {
    const maps = [{ name: 'todos', kind: 'LWW', items: 1, root: 255 }];
    for (const [state, expected] of [
      ['READY', exitCodes.ok],
      ['DRAINING', exitCodes.unhealthy],
    ] as const) {
      const server = createServer((request, response) => {
        const isAdmin = request.headers.authorization === 'Bearer abc';
        response.end(
          JSON.stringify({
            version: '1.2.3',
            state,
            uptimeMs: 90_000,
            connections: 2,
            ...(isAdmin ? { maps } : {}),
          }),
        );
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
      const { code, out } = await run(['status', '--url', url], { env: { TOPGUN_TOKEN: 'abc' } });
      expect([code, out]).toEqual([expected, expect.stringContaining('todos  LWW  1 item  root ff')]);
      expect((await run(['status', '--url', url])).out).not.toContain('todos');
      expect(JSON.parse((await run(['status', '--url', url, '--json'])).out)).toMatchObject({ state });
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('[CLI-2] [CLI-11] names the setting, where it was given, and what is allowed', async () => {
    const { code, err } = await run(['start'], { env: { TOPGUN_PORT: 'many' } });
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain(
      'CONFIG_INVALID TOPGUN_PORT: found "many", allowed is a whole number from 0 to 65535.',
    );
  });

  it.each(['start', 'dev'])(
    '[CLI-2] %s reads the file of --config, not the one of TOPGUN_CONFIG',
    async (command) => {
      const [byFlag, byEnv] = [join(folder, 'flag.json'), join(folder, 'env.json')];
      // Both hold a mistake, so that the refusal names the file that was read.
      for (const file of [byFlag, byEnv]) await writeFile(file, JSON.stringify({ port: 'many' }));
      const env = { TOPGUN_CONFIG: byEnv };
      expect((await run([command, '--config', byFlag], { env })).err).toContain(`port in ${byFlag}: found`);
      expect((await run([command], { env })).err).toContain(`port in ${byEnv}: found`);
    },
  );

  it('[CLI-4] refuses to start without a key to check tokens with', async () => {
    const { code, err } = await run(['start', '--storage', 'memory', '--port', '0', '--log-level', 'silent']);
    expect([code, err.split(' ')[1]]).toEqual([exitCodes.failure, 'AUTH_KEY_INVALID']);
  });

  it('[CLI-7] makes a token with every claim the server wants, from the environment or a file', async () => {
    await writeFile(join(folder, 'secret.txt'), `${SECRET}\n`);
    const args = ['token', '--sub', 'ada', '--roles', 'ADMIN,USER', '--ttl', '12h', '--issuer', 'here'];
    for (const { out, code } of [
      await run(args, { env: { TOPGUN_JWT_SECRET: SECRET, TOPGUN_JWT_AUDIENCE: 'there' } }),
      await run([...args, '--audience', 'there', '--secret-file', 'secret.txt'], { cwd: folder }),
    ]) {
      expect(code).toBe(exitCodes.ok);
      const claims = decodeJwt(out.trim());
      expect(claims).toMatchObject({ sub: 'ada', roles: ['ADMIN', 'USER'], iss: 'here', aud: 'there' });
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(12 * 3600);
      expect(out).not.toContain(SECRET);
    }
  });

  it('[CLI-7] refuses a secret that the server would refuse', async () => {
    const { code, err } = await run(['token', '--sub', 'ada', '--secret', 'short']);
    expect([code, err.split(' ')[1]]).toEqual([exitCodes.failure, 'TOKEN_SECRET_SHORT']);
  });

  it('[CLI-8] tells what it found about this machine', async () => {
    const { code, out } = await run(['doctor', '--port', '0', '--data-dir', join(folder, 'data')]);
    expect(out).toMatch(/^ok {4}Node\.js/);
    expect(out).toMatch(/ok {4}Embedded store/);
    expect([code, out.trim().split('\n').at(-1)]).toEqual([exitCodes.ok, 'Ready to run.']);
  });
});
