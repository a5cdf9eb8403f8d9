import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, ServerCoordinator } from '@topgun/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import { exitCodes } from '../exitCodes.js';
import { withMap } from '../search/withMap.js';

const OWN = {
  name: 'own todos',
  role: 'USER',
  map: 'todos',
  actions: ['READ', 'PUT', 'REMOVE'],
  where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
};
const POLICIES = [
  OWN,
  { role: 'USER', map: 'people', actions: ['READ'], fields: ['name'] },
  { role: 'ADMIN', map: 'todos', actions: ['READ'] },
];
const ANN = JSON.stringify({ sub: 'ann', roles: ['USER'] });

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'topgun-policy-'));
  await file('policies.json', POLICIES);
});
afterAll(() => rm(cwd, { recursive: true }));

const file = (name: string, content: unknown): Promise<void> =>
  writeFile(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));
const policy = (...args: string[]) => runInProcess(['policy', ...args], { cwd });

describe('topgun policy check', () => {
  it('[CLI-45] says that a file is in order, and takes the policies of a config file', async () => {
    expect(await policy('check', 'policies.json')).toEqual({
      code: exitCodes.ok,
      out: '3 policies in order\n',
      err: '',
    });
    await file('topgun.json', { port: 1, policies: [OWN] });
    expect((await policy('check', 'topgun.json')).out).toBe('1 policy in order\n');
  });

  it.each([
    ['[\n  {"role": "A",,}\n]', 'Line 2, column 16: '],
    [[{ ...OWN, actions: ['WRITE'] }], 'Policy 0: actions[0]: '],
    [[OWN, { ...OWN, map: 'x{sub}' }], 'Policy 1: the map pattern "x{sub}" is malformed'],
    [[{ ...OWN, where: { op: 'equals', path: 'a', value: 1 } }], 'Policy 0: where: '],
    [{ policies: 5 }, 'The list: '],
  ])('[CLI-45] tells the place of a fault: %j', async (content, place) => {
    await file('wrong.json', content);
    const { code, err } = await policy('check', 'wrong.json');
    expect([code, err]).toEqual([exitCodes.usage, expect.stringContaining(`POLICY_INVALID ${place}`)]);
  });

  it('[CLI-45] a file that is not there is told', async () => {
    expect((await policy('check', 'missing.json')).err).toContain('FILE_UNREADABLE');
  });
});

describe('topgun policy test', () => {
  const test = (...args: string[]) => policy('test', 'policies.json', '--as', ANN, ...args);

  it('[CLI-46] says what is seen, what would be stored, and which policy decides', async () => {
    expect(await test('--map', 'people', '--action', 'READ', '--record', '{"name":"Bo","pay":7}')).toEqual({
      code: exitCodes.ok,
      out: 'allowed\nseen  {"name":"Bo"}\npolicy 1 (USER, people): allows it\n',
      err: '',
    });
    const { code, out } = await test('--map', 'todos', '--action', 'PUT', '--record', '{"by":"ann"}');
    expect([code, out.split('\n').slice(0, 3)]).toEqual([
      exitCodes.ok,
      ['allowed', 'stored  {"by":"ann"}', 'policy 0 "own todos" (USER, todos): allows it'],
    ]);
  });

  it('[CLI-46] says why something is denied, with code 3', async () => {
    const why = async (...args: string[]) => {
      const { code, out } = await test(...args);
      expect([code, out.split('\n')[0]]).toEqual([exitCodes.unhealthy, 'denied']);
      return out.split('\n')[1];
    };
    const put = ['--map', 'todos', '--action', 'PUT'];
    expect(await why(...put, '--record', '{"by":"ben"}')).toBe(
      'policy 0 "own todos" (USER, todos): `where` does not hold for the row as it would become',
    );
    expect(await why(...put, '--old', '{"by":"ben"}', '--record', '{"by":"ann"}')).toBe(
      'policy 0 "own todos" (USER, todos): `where` does not hold for the row as it stands',
    );
    expect(await why('--map', 'people', '--action', 'REMOVE')).toBe(
      'policy 1 (USER, people): does not allow this action',
    );
    expect(await why('--map', 'other', '--action', 'READ')).toBe('no policy names this map for these claims');
  });

  it('[CLI-46] prints the same as data', async () => {
    const { out } = await test('--map', 'todos', '--action', 'REMOVE', '--old', '{"by":"ann"}', '--json');
    expect(JSON.parse(out)).toMatchObject({
      allowed: true,
      considered: [{ at: 0, reason: 'allows' }, { at: 2 }],
    });
  });

  it('[CLI-47] holds policies against a table of expectations', async () => {
    const as = { sub: 'ann', roles: ['USER'] };
    const met = {
      as,
      map: 'people',
      action: 'READ',
      record: { name: 'Bo', pay: 7 },
      allowed: true,
      value: { name: 'Bo' },
    };
    await file('met.json', [met, { as, map: 'todos', action: 'PUT', record: { by: 'ben' }, allowed: false }]);
    expect(await policy('test', 'policies.json', '--expect', 'met.json')).toEqual({
      code: exitCodes.ok,
      out: '2 of 2 met\n',
      err: '',
    });
    await file('unmet.json', [
      { ...met, value: { name: 'Bo', pay: 7 } },
      { name: 'nobody puts', as, map: 'todos', action: 'PUT', record: { by: 'ann' }, allowed: false },
    ]);
    const { code, out } = await policy('test', 'policies.json', '--expect', 'unmet.json');
    expect([code, out.split('\n').filter((line) => !line.startsWith(' '))]).toEqual([
      exitCodes.unhealthy,
      [
        'expectation 0: expected {"name":"Bo","pay":7}, is {"name":"Bo"}',
        'expectation 1 "nobody puts": expected denied, is allowed',
        '',
      ],
    ]);
  });

  it.each([
    [['--map', 'todos'], 'name --as, --map and --action, or --expect'],
    [['--as', '[]', '--map', 'todos', '--action', 'READ'], 'CLAIMS_INVALID'],
    [['--as', '{', '--map', 'todos', '--action', 'READ'], 'JSON_INVALID'],
    [['--as', ANN, '--map', 'todos', '--action', 'WRITE'], 'Allowed choices'],
    [['--expect', 'policies.json'], 'EXPECTATIONS_INVALID'],
  ])('[CLI-46] a wrong question is told: %j', async (args, text) => {
    const { code, err } = await policy('test', 'policies.json', ...args);
    expect([code, err]).toEqual([exitCodes.usage, expect.stringContaining(text)]);
  });
});

describe('topgun policy why', () => {
  it('[CLI-48] [PERM-13] shows an ADMIN what was denied to whom and why, and keys of maps that it may read', async () => {
    const policiesFile = join(cwd, 'policies.json');
    const server = new ServerCoordinator(
      { port: 0, logLevel: 'silent', drainMs: 50, jwtSecret: TEST_SECRET, policiesFile },
      { store: new MemoryStore() },
    );
    await server.start();
    try {
      const url = `http://127.0.0.1:${server.port}`;
      const token = await tokenFor('ann', 'USER');
      await withMap({ map: 'todos', url: url.replace('http', 'ws'), token }, async (client) => {
        const other = client.getMap('todos').set('milk', { by: 'ben', text: 'TEST_SECRET' });
        const people = client.getMap('people').set('bo', { name: 'TEST_SECRET' });
        const reached = await Promise.all([other.reached('persisted'), people.reached('persisted')]);
        expect(reached.map(({ name }) => name)).toEqual(['rejected', 'rejected']);
      });
      const why = async (who: string, ...args: string[]) =>
        policy('why', '--url', url, '--token', who, ...args);
      const admin = await tokenFor('root', 'ADMIN');
      const { out } = await why(admin);
      expect(out).toMatch(
        /ann \(USER\) {2}PUT todos, key "milk"\n {2}policy 0 "own todos" \(USER, todos\): `where` does not hold for the row as it would become/,
      );
      expect(out).toMatch(
        /ann \(USER\) {2}PUT people\n {2}policy 1 \(USER, people\): does not allow this action/,
      );
      expect(out).not.toContain('TEST_SECRET');
      const asData = await why(admin, '--map', 'people', '--json');
      expect(JSON.parse(asData.out)).toMatchObject({ sub: 'ann', map: 'people', action: 'PUT', count: 1 });
      expect((await why(admin, '--sub', 'ben')).out).toBe('nothing was denied\n');
      expect((await why(token)).err).toContain('ADMIN_REFUSED');
    } finally {
      await server.shutdown();
    }
  });
});
