import { conflicts } from '@topgun/client/conflicts';
import { describe, expect, it } from 'vitest';
import { makeClient, settle } from './clients.js';
import { ScriptedServer } from './ScriptedServer.js';

describe('the journal of conflicts, as an app sees it', () => {
  it('[DEV-8] lists what was lost by map and key, tells of news, and forgets on demand', async () => {
    const server = new ScriptedServer();
    server.refuseKey = (key) => (key.startsWith('bad') ? 'RESOLVER_REJECTED' : undefined);
    const client = makeClient({ connectionProvider: server.provider() });
    const journal = conflicts(client);
    let news = 0;
    const end = journal.subscribe(() => news++);
    expect(journal.list()).toEqual([]);
    client.getMap('m').set('good', 0);
    client.getMap('m').set('bad1', 1);
    client.getMap('m').set('bad2', { n: 2 });
    client.getMap('other').set('bad1', 3);
    await client.whenSynced();
    await client.flush();
    await settle();
    expect(journal.list().map(({ map, key, payload, outcome }) => [map, key, payload, outcome])).toEqual([
      ['m', 'bad1', 1, 'rejected'],
      ['m', 'bad2', { n: 2 }, 'rejected'],
      ['other', 'bad1', 3, 'rejected'],
    ]);
    expect(journal.list({ map: 'm', key: 'bad2' })).toHaveLength(1);
    expect(journal.list({ key: 'bad1' })).toHaveLength(2);
    expect(news).toBeGreaterThan(0);
    expect(news).toBeLessThanOrEqual(3);
    journal.clear({ map: 'm', key: 'bad1' });
    journal.clear({ map: 'other' });
    await client.flush();
    await settle();
    expect(conflicts(client).list()).toEqual([expect.objectContaining({ key: 'bad2' })]);
    const told = news;
    end();
    journal.clear();
    await client.flush();
    await settle();
    expect(journal.list()).toEqual([]);
    expect(news).toBe(told);
    await client.close();
    expect(() => journal.clear()).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
  });
});
