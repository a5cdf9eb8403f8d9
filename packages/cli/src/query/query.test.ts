import { MemoryStore, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import type { StopSignal } from '../CliIo.js';
import { exitCodes } from '../exitCodes.js';
import { withMap } from '../search/withMap.js';

let server: ServerCoordinator;
let token: string;
let admin: string;
beforeEach(async () => {
  [token, admin] = await Promise.all([tokenFor('ada', 'USER'), tokenFor('root', 'ADMIN')]);
  server = new ServerCoordinator(
    {
      port: 0,
      logLevel: 'silent',
      drainMs: 50,
      jwtSecret: TEST_SECRET,
      indexes: { todos: [{ kind: 'ordered', path: 'rank' }] },
      policies: [
        { role: 'USER', map: 'todos', actions: ['READ', 'PUT', 'REMOVE'] },
        { role: 'ADMIN', map: 'todos', actions: ['READ'] },
        { role: 'ADMIN', map: 'pay', actions: ['READ'], fields: ['name'] },
      ],
    },
    { store: new MemoryStore() },
  );
  await server.start();
  await write((todos) => {
    return ['a', 'b', 'c', 'd'].map((key, rank) => todos.set(key, { rank, done: rank > 1 }));
  });
});
afterEach(() => server.shutdown());

interface Todos {
  set(key: string, value: unknown): { reached(level: 'persisted'): Promise<{ name: string }> };
  remove(key: string): { reached(level: 'persisted'): Promise<{ name: string }> };
}

async function write(make: (todos: Todos) => ReturnType<Todos['set']>[]): Promise<void> {
  const target = { map: 'todos', url: `ws://127.0.0.1:${server.port}`, token };
  const written = await withMap(target, (client) =>
    Promise.all(make(client.getMap('todos')).map((made) => made.reached('persisted'))),
  );
  expect(new Set(written.map(({ name }) => name))).toEqual(new Set(['persisted']));
}

const ask = (...args: string[]) =>
  runInProcess(['query', ...args, '--url', `http://127.0.0.1:${server.port}`, '--token', token]);

describe('topgun query', () => {
  it('[CLI-31] prints the rows that meet the filter, in their order, up to the limit', async () => {
    expect(await ask('todos', '{"done":true}', '--sort', 'rank:desc')).toEqual({
      code: exitCodes.ok,
      out: 'd  {"rank":3,"done":true}\nc  {"rank":2,"done":true}\n',
      err: '',
    });
    const { out } = await ask('todos', '--sort', 'done,rank:desc', '--limit', '3', '--json');
    expect(
      out
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { _key: 'b', rank: 1, done: false },
      { _key: 'a', rank: 0, done: false },
      { _key: 'd', rank: 3, done: true },
    ]);
    expect((await ask('todos', '{"rank":9}')).out).toBe('');
  });

  it('[CLI-31] finds by regular expression, as servers do', async () => {
    await write((todos) => [todos.set('e', { title: 'Buy milk' })]);
    expect((await ask('todos', '{"title":{"$regex":"^Buy"}}')).out).toBe('e  {"title":"Buy milk"}\n');
  });

  it('[CLI-32] --live goes on with what comes, changes and goes, until it is stopped', async () => {
    let out = '';
    let stop: (signal: StopSignal) => void = () => undefined;
    const shown = (text: string) =>
      new Promise<void>((resolve) => {
        const io = { look: () => out.includes(text) && resolve() };
        looks.push(io.look);
        io.look();
      });
    const looks: (() => void)[] = [];
    const running = runInProcess(
      [
        'query',
        'todos',
        '{"done":true}',
        '--live',
        '--url',
        `http://127.0.0.1:${server.port}`,
        '--token',
        token,
      ],
      {
        out: (text) => {
          out += text;
          for (const look of looks) look();
        },
        onStopSignal: (listener) => {
          stop = listener;
          return () => undefined;
        },
      },
    );
    await shown('d  {"rank":3,"done":true}\n');
    await write((todos) => [todos.set('a', { rank: 0, done: true })]);
    await shown('+ a  {"rank":0,"done":true}\n');
    await write((todos) => [todos.set('c', { rank: 7, done: true })]);
    await shown('~ c  {"rank":7,"done":true}\n');
    await write((todos) => [todos.remove('d')]);
    await shown('- d\n');
    stop('SIGINT');
    expect((await running).code).toBe(exitCodes.ok);
  });

  it('[CLI-33] [QRY-8] --explain tells an administrator how the rows are found, and nobody else', async () => {
    const explain = (who: string, ...args: string[]) =>
      runInProcess([
        'query',
        ...args,
        '--explain',
        '--url',
        `http://127.0.0.1:${server.port}`,
        '--token',
        who,
      ]);
    const { code, out } = await explain(admin, 'todos', '{"rank":{"$gte":2}}');
    expect(code).toBe(exitCodes.ok);
    expect(out).toMatch(/^path +range in ordered\(rank\): rank ≥ 2\n/);
    expect(out).toContain('2 found, 2 read (2 expected) of 4\n');
    const asData = await explain(admin, 'todos', '{"rank":{"$gte":2}}', '--json');
    expect(JSON.parse(asData.out)).toMatchObject({ found: 2, examined: 2, path: { index: 'ordered(rank)' } });
    for (const [who, map] of [
      [token, 'todos'],
      [admin, 'pay'],
      [admin, 'other'],
      ['no token at all', 'todos'],
    ] as const) {
      const refused = await explain(who, map, '{"rank":1}');
      expect([refused.code, refused.err.split(' ')[1]]).toEqual([exitCodes.failure, 'EXPLAIN_REFUSED']);
    }
  });

  it('[CLI-34] a wrong filter, sort or limit is told before the server is asked', async () => {
    for (const [wrong, code] of [
      ['{"done":', 'FILTER_INVALID'],
      ['[1]', 'FILTER_INVALID'],
      ['{"rank":{"$near":1}}', 'PREDICATE_OPERATOR_UNKNOWN'],
      ['{"title":{"$regex":"("}}', 'PREDICATE_INVALID'],
    ] as const) {
      const { code: exit, err } = await runInProcess([
        'query',
        'todos',
        wrong,
        '--url',
        'http://127.0.0.1:1',
      ]);
      expect([exit, err.split(' ')[1]]).toEqual([exitCodes.usage, code]);
    }
    expect((await ask('todos', '--limit', '0')).code).toBe(exitCodes.usage);
    expect((await ask('todos', '--sort', ':desc')).code).toBe(exitCodes.usage);
  });

  it('[CLI-34] a server that is not there, and a map that may not be read, are told as such', async () => {
    for (const more of [[], ['--explain']]) {
      const { code, err } = await runInProcess(['query', 'todos', ...more, '--url', 'http://127.0.0.1:1']);
      expect([code, err.split(' ')[1]]).toEqual([exitCodes.unhealthy, 'SERVER_UNREACHABLE']);
    }
    const { code, err } = await ask('secrets');
    expect([code, err.split(' ')[1]]).toEqual([exitCodes.failure, 'DENIED']);
  });
});
