import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../Stage.js';
import { bin } from '../TopgunProcess.js';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

const topgun = (...args: string[]) =>
  promisify(execFile)(process.execPath, [bin, ...args], { cwd: stage.folder });

describe('topgun backup and restore, as processes', () => {
  it('[INC-1 D9] what was acknowledged after the backup comes back from the device, once', async () => {
    const { server } = stage;
    const [writer, reader] = [stage.device('writer'), stage.device('reader')];
    writer.start(server.url);
    await writer.run(async ({ client }) => {
      for (const key of ['kept', 'edited', 'deleted']) client.getMap('notes').set(key, 'before');
      for (const label of ['red', 'blue']) client.getORMap('labels').add('all', label);
      client.getPNCounter('visits').increment();
      await client.whenSynced();
    });
    await server.stop('SIGTERM');
    await topgun('backup', 'copy', '--data-dir', 'data');

    // The device comes back by itself and is told that all of this is stored.
    await server.start();
    await writer.run(async ({ client }) => {
      client.getMap('notes').remove('deleted');
      client.getORMap('labels').remove('all', 'red');
      client.getORMap('labels').add('all', 'green');
      client.getPNCounter('visits').increment();
      client.getMap('notes').set('new', 'after');
      await client.getMap('notes').set('edited', 'after').reached('persisted');
      await client.whenSynced();
    });
    const acknowledged = await writer.view();
    expect(acknowledged).toMatchObject({
      notes: { kept: 'before', edited: 'after', new: 'after' },
      labels: ['blue', 'green'],
      visits: 2,
    });
    await writer.kill();
    await server.stop('SIGTERM');
    await topgun('restore', 'copy', '--data-dir', 'data');

    await server.start();
    reader.start(server.url);
    expect(await reader.view()).toMatchObject({
      notes: { kept: 'before', edited: 'before', deleted: 'before' },
      labels: ['blue', 'red'],
      visits: 1,
    });
    writer.start(server.url);
    expect(await writer.view()).toEqual(acknowledged);
    expect((await server.maps()).get('notes')?.root).toBe(acknowledged.liveRoot);
    // Again on a server that is killed: nothing takes effect a second time.
    await writer.kill();
    await server.stop('SIGKILL');
    await server.start();
    writer.start(server.url);
    expect(await writer.view()).toEqual(acknowledged);
    expect(await reader.view()).toEqual(acknowledged);
  });
});
