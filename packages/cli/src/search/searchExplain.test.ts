import { MemoryStore, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import { exitCodes } from '../exitCodes.js';
import { withMap } from './withMap.js';

let server: ServerCoordinator;
let token: string;
beforeEach(async () => {
  token = await tokenFor('ada', 'USER', { issuer: 'me', audience: 'here' });
  server = new ServerCoordinator(
    {
      port: 0,
      logLevel: 'silent',
      drainMs: 50,
      jwtSecret: TEST_SECRET,
      jwtIssuer: 'me',
      jwtAudience: 'here',
      policies: [
        { role: 'USER', map: 'notes', actions: ['READ', 'PUT'] },
        { role: 'USER', map: 'written', actions: ['PUT'] },
      ],
    },
    { store: new MemoryStore() },
  );
  await server.start();
  const written = await withMap({ map: 'notes', url: `ws://127.0.0.1:${server.port}`, token }, (client) => {
    const notes = client.getMap<{ title: string; body: string }>('notes');
    return Promise.all([
      notes.set('a', { title: 'Red wine', body: 'from the south' }).reached('persisted'),
      notes.set('b', { title: 'Wine cellar', body: 'full of red barrels' }).reached('persisted'),
      notes.set('c', { title: 'Beer', body: 'brown' }).reached('persisted'),
    ]);
  });
  expect(written.map(({ name }) => name)).toEqual(['persisted', 'persisted', 'persisted']);
});
afterEach(() => server.shutdown());

const explain = (...args: string[]) => explainAt(server.port, ...args);
const explainAt = (port: number, ...args: string[]) =>
  runInProcess(['search:explain', ...args, '--url', `http://127.0.0.1:${port}`, '--token', token]);

describe('topgun search:explain', () => {
  it('[CLI-30] shows the terms and the parts of each score', async () => {
    const { code, out, err } = await explain(
      'notes',
      'red win',
      '--fields',
      'title:2,body',
      '--prefix',
      'last',
    );
    expect([code, err]).toEqual([exitCodes.ok, '']);
    expect(out).toBe(
      `terms      red, win (one is enough; the last by its beginning, too)
fields     body × 1, title × 2
documents  3
hits       2 (at most 10)

1. a  2.1164
   1.8133 = 2 × 1.0000 × idf 0.9808 × tf 0.9244  red  in title: in 1 documents, 1 of 2 words here, 1.6667 on average
   0.3031 = 2 × 0.3488 × idf 0.4700 × tf 0.9244  win → wine  in title: in 2 documents, 1 of 2 words here, 1.6667 on average

2. b  1.1174
   0.8143 = 1 × 1.0000 × idf 0.9808 × tf 0.8302  red  in body: in 1 documents, 1 of 4 words here, 2.6667 on average
   0.3031 = 2 × 0.3488 × idf 0.4700 × tf 0.9244  win → wine  in title: in 2 documents, 1 of 2 words here, 1.6667 on average
`,
    );
  });

  it('[CLI-30] prints JSON', async () => {
    const { out } = await explain('notes', 'red', '--fields', 'title', '--json', '--limit', '1');
    const { terms, documents, matches } = JSON.parse(out);
    expect({ terms, documents }).toEqual({ terms: ['red'], documents: 3 });
    expect(matches).toHaveLength(1);
    expect(matches[0].parts[0]).toMatchObject({ term: 'red', path: 'title', tf: 1, length: 2 });
  });

  it('[CLI-30] refuses what a search refuses, maps that may not be read, and servers that are not there', async () => {
    expect((await explain('notes', 'red', '--fields', 'title', '--limit', '0')).err).toContain(
      'SEARCH_INVALID',
    );
    expect((await explain('notes', 'red', '--fields', ':2')).code).toBe(exitCodes.usage);
    expect((await explain('written', 'red', '--fields', 'title')).err).toContain('DENIED');
    const { port } = server;
    await server.shutdown();
    const { code, err } = await explainAt(port, 'notes', 'red', '--fields', 'title');
    expect([code, err]).toEqual([exitCodes.unhealthy, expect.stringContaining('SERVER_UNREACHABLE')]);
  });
});
