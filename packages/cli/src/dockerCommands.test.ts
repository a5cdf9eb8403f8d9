import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../test/runInProcess.js';
import type { StopSignal } from './CliIo.js';
import { exitCodes } from './exitCodes.js';

let folder: string;
let record: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-docker-'));
  record = join(folder, 'record');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'compose.yaml'), 'services: {}\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An engine that notes what it is called with; `does` is the rest of its script. */
async function engine(name: string, does = ''): Promise<void> {
  const path = join(folder, 'bin', name);
  await writeFile(
    path,
    `#!/bin/sh\nfor each in ${name} "$@"; do printf '%s\\n' "$each" >> '${record}'; done\nprintf -- '--\\n' >> '${record}'\n${does}\n`,
  );
  await chmod(path, 0o755);
}

/** Whether it is asked for its version, for scripts. */
const VERSION = '[ "$2" = version ]';

const run = (args: readonly string[], part = {}) =>
  runInProcess(args, { cwd: folder, env: { PATH: join(folder, 'bin') }, ...part });

/** Every call but the questions for a version. */
const calls = async (): Promise<string[]> =>
  (await readFile(record, 'utf8'))
    .split('--\n')
    .map((call) => call.trim().replaceAll('\n', ' '))
    .filter((call) => call !== '' && !call.endsWith(' version'));

describe('topgun docker:start, docker:stop, docker:status, docker:logs', () => {
  it.each<[readonly string[], string]>([
    [['docker:start'], 'up --build --detach --wait'],
    [['docker:start', '--service', 'topgun-1'], 'up --build --detach --wait topgun-1'],
    [['docker:stop'], 'down'],
    [['docker:stop', '--service', 'topgun-1'], 'stop topgun-1'],
    [['docker:status'], 'ps --all'],
    [['docker:status', '--service', 'topgun-2'], 'ps --all topgun-2'],
    [['docker:logs'], 'logs --tail all'],
    [['docker:logs', '--follow', '--tail', '20', '--service', 'a'], 'logs --follow --tail 20 a'],
  ])('[CLI-55] %j is compose %s', async (args, expected) => {
    await engine('docker');
    const { code, err } = await run(args);
    expect([code, err]).toEqual([exitCodes.ok, '']);
    expect(await calls()).toEqual([`docker compose --file ${join(folder, 'compose.yaml')} ${expected}`]);
  });

  it('[CLI-55] takes another file and project', async () => {
    await engine('docker');
    await writeFile(join(folder, 'other.yml'), 'services: {}\n');
    await run(['docker:status', '--file', 'other.yml', '--project', 'shop']);
    expect(await calls()).toEqual([
      `docker compose --file ${join(folder, 'other.yml')} --project-name shop ps --all`,
    ]);
    const { code, err } = await run(['docker:status', '--file', 'none.yml']);
    expect([code, err]).toEqual([exitCodes.failure, expect.stringContaining('COMPOSE_FILE_MISSING')]);
  });

  it('[CLI-55] takes the cluster of the documents where the folder has no file', async () => {
    await engine('docker');
    await rm(join(folder, 'compose.yaml'));
    await run(['docker:status']);
    expect((await calls())[0]).toMatch(/--file \S+\/docs\/deploy\/docker\/compose\.yaml ps --all$/);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['podman, where there is no docker', { podman: '' }, 'podman compose --file'],
    ['podman, where docker has no compose', { docker: 'exit 125', podman: '' }, 'podman compose --file'],
    ['docker before podman', { docker: '', podman: '' }, 'docker compose --file'],
    ['compose as a program of its own', { 'docker-compose': '' }, 'docker-compose --file'],
    ['that of podman', { 'podman-compose': '' }, 'podman-compose --file'],
  ])('[CLI-56] drives %s', async (_, engines, expected) => {
    for (const [name, does] of Object.entries(engines)) await engine(name, does);
    expect((await run(['docker:status'])).code).toBe(exitCodes.ok);
    expect(await calls()).toEqual([expect.stringContaining(expected)]);
  });

  it('[CLI-56] says what to install where there is none', async () => {
    const { code, err, out } = await run(['docker:start']);
    expect([code, out]).toEqual([exitCodes.failure, '']);
    expect(err).toContain('ENGINE_MISSING');
    expect(err).toContain('https://docs.docker.com/engine/install');
  });

  it('[CLI-56] hands on what the engine prints, and says when it fails', async () => {
    await engine('docker', `${VERSION} || { echo shown; echo told >&2; exit 17; }`);
    const { code, out, err } = await run(['docker:start']);
    expect([code, out]).toEqual([exitCodes.failure, 'shown\n']);
    expect(err).toMatch(/^told\nerror ENGINE_FAILED docker compose --file \S+ up .* ended with 17/);
  });

  it('[CLI-56] hands a signal on, and ends with the engine', async () => {
    await engine('docker', `${VERSION} || { trap 'exit 130' TERM; echo line; while :; do :; done; }`);
    let listener: (signal: StopSignal) => void = () => undefined;
    const { code, out } = await run(['docker:logs', '--follow'], {
      onStopSignal: (own: typeof listener) => {
        listener = own;
        return () => undefined;
      },
      out: () => listener('SIGTERM'),
    });
    expect([code, out]).toEqual([exitCodes.ok, '']);
  });

  it('[CLI-57] makes the secrets of the first start, and keeps them', async () => {
    await engine('docker');
    await writeFile(join(folder, 'env.example'), '# secrets\nONE=\nTWO=\nPORT=80\n');
    const first = await run(['docker:start']);
    expect(first.err).toContain(join(folder, '.env'));
    const made = await readFile(join(folder, '.env'), 'utf8');
    expect(made).toMatch(/^# secrets\nONE=[\da-f]{64}\nTWO=[\da-f]{64}\nPORT=80\n$/);
    expect(new Set(made.match(/[\da-f]{64}/g)).size).toBe(2);
    expect((await stat(join(folder, '.env'))).mode & 0o777).toBe(0o600);
    expect((await run(['docker:start'])).err).toBe('');
    expect(await readFile(join(folder, '.env'), 'utf8')).toBe(made);
  });

  it('[CLI-11] a malformed number of lines is a wrong command line', async () => {
    expect((await run(['docker:logs', '--tail', 'few'])).code).toBe(exitCodes.usage);
  });
});
