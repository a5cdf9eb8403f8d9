import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Stage } from '../Stage.js';
import { waitUntil } from '../waitUntil.js';
import { AnswerGate } from './AnswerGate.js';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

describe('a device that comes back after deletions were forgotten', () => {
  it('[G1 GC-2 GC-3] with cached rows, waiting ops and a lost answer brings back nothing and loses nothing of its own', async () => {
    const { server } = stage;
    const [away, other] = [stage.device('away'), stage.device('other')];
    const gate = await AnswerGate.open(server.port);
    onTestFinished(() => gate.close());
    away.start(gate.url);
    await away.run(async ({ client }) => {
      const notes = client.getMap('notes');
      for (const key of ['kept', 'edited', 'deleted', 'deleted, edited here']) notes.set(key, 'cached');
      for (const label of ['red', 'blue']) client.getORMap('labels').add('all', label);
      client.getPNCounter('visits').increment();
      await client.whenSynced();
    });

    // What it writes now is committed, and it never hears of it.
    gate.hold();
    await away.run(async ({ client }) => {
      for (const key of ['unheard', 'unheard, deleted']) client.getMap('notes').set(key, 'committed');
      client.getPNCounter('visits').increment();
      await client.flush();
    });
    await waitUntil('the server has committed what it was sent', async () =>
      (await server.maps()).get('notes')?.items === 6 ? true : undefined,
    );
    await server.stop('SIGKILL');

    // It goes on writing without a server, and then it is off.
    const pending = await away.run(async ({ client }) => {
      for (const key of ['new', 'edited', 'deleted, edited here']) client.getMap('notes').set(key, 'offline');
      client.getORMap('labels').add('all', 'green');
      client.getPNCounter('visits').increment();
      await client.flush();
      return client.getPendingOpsCount();
    });
    expect(pending).toBe(3 + 5);
    await away.kill();

    // Somebody else deletes on the third day; on the tenth the server notes how far it had come by then.
    await server.start(3);
    other.start(server.url, 3);
    await other.view();
    await other.run(async ({ client }) => {
      for (const key of ['deleted', 'deleted, edited here', 'unheard, deleted'])
        client.getMap('notes').remove(key);
      client.getORMap('labels').remove('all', 'red');
      await client.whenSynced();
    });
    await other.kill();
    await server.stop('SIGTERM');
    await server.start(10);
    await waitUntil('the server has noted what was committed by now', async () =>
      (await server.metric('topgun_commits_total{result="committed"}')) > 0 ? true : undefined,
    );
    await server.stop('SIGTERM');

    // More than the 30 days of retention later.
    await server.start(50);
    await waitUntil(
      'the deletions are forgotten',
      async () => {
        const items = [...(await server.maps()).values()].reduce((sum, map) => sum + map.items, 0);
        return (await server.metric('topgun_records')) === items ? true : undefined;
      },
      {
        explain: async () =>
          `${await server.metric('topgun_records')} records, ${JSON.stringify([...(await server.maps())])}`,
      },
    );
    away.start(server.url, 50);
    const shown = await away.view();
    expect(shown).toEqual({
      notes: { kept: 'cached', edited: 'offline', unheard: 'committed', new: 'offline' },
      labels: ['blue', 'green'],
      visits: 3,
      pending: 0,
      parked: [['STALE_OP', 'notes', 'deleted, edited here', 'offline']],
      liveRoot: (await server.maps()).get('notes')?.root,
    });
    other.start(server.url, 50);
    expect(await other.view()).toEqual({ ...shown, parked: [] });
  });
});
