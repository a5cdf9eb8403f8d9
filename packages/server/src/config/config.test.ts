import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearRegex } from '@topgun/search/regex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from './load.js';
import { configuredPolicies, policiesIn } from './loadPolicies.js';
import { configHelp, envOf, flagOf, hasFlag, settingNames, settings } from './schema.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, `${Math.abs(JSON.stringify(content).length)}-${settingNames.length}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('loadConfig', () => {
  it('[OPS-20] without anything given every setting has its standard value, and the whole is frozen', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      storage: 'embedded',
      dev: false,
      policies: [],
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('[OPS-20] [S004-3] flags win over environment, environment over file, file over defaults', async () => {
    const path = await file({ port: 2, host: 'file', dataDir: 'file', logLevel: 'warn' });
    const config = loadConfig({
      args: ['--port', '4', '--config', path],
      env: { TOPGUN_PORT: '3', TOPGUN_HOST: 'env' },
      defaults: { port: 1, host: 'default', dataDir: 'default', storage: 'memory' },
    });
    expect(config).toMatchObject({
      port: 4,
      host: 'env',
      dataDir: 'file',
      storage: 'memory',
      logLevel: 'warn',
    });
  });

  it('[OPS-20] every type can be written as text', () => {
    const args = ['--dev', '--origins', 'https://a.example, http://localhost:3000', '--drain-ms=5'];
    expect(loadConfig({ args })).toMatchObject({
      dev: true,
      origins: ['https://a.example', 'http://localhost:3000'],
      drainMs: 5,
    });
    expect(loadConfig({ env: { TOPGUN_DEV: '1' } }).dev).toBe(true);
  });

  it('[CLK-4] the admitted skew is a setting of file, environment and flag', async () => {
    const path = await file({ skewMs: 2000 });
    expect(loadConfig({}).skewMs).toBe(60_000);
    expect(loadConfig({ file: path }).skewMs).toBe(2000);
    expect(loadConfig({ file: path, env: { TOPGUN_SKEW_MS: '3000' } }).skewMs).toBe(3000);
    expect(loadConfig({ args: ['--skew-ms=4000'], env: { TOPGUN_SKEW_MS: '3000' } }).skewMs).toBe(4000);
  });

  it('[GC-1] the retention of deletions is a setting in days, a month when left out', () => {
    expect(loadConfig({}).retentionDays).toBe(30);
    expect(loadConfig({ args: ['--retention-days=7'] }).retentionDays).toBe(7);
  });

  it.each<[string, Parameters<typeof loadConfig>[0], RegExp]>([
    [
      'a retention shorter than a holiday',
      { env: { TOPGUN_RETENTION_DAYS: '6' } },
      /TOPGUN_RETENTION_DAYS: found 6, allowed is days from 7 to 3650/,
    ],
    [
      'a skew too small',
      { args: ['--skew-ms', '999'] },
      /--skew-ms: found 999, allowed is milliseconds from/,
    ],
    ['a skew too large', { env: { TOPGUN_SKEW_MS: '3600001' } }, /TOPGUN_SKEW_MS: found 3600001/],
    [
      'a port that is no number',
      { args: ['--port', 'abc'] },
      /--port: found "abc", allowed is a whole number from 0 to 65535/,
    ],
    ['a port out of range', { env: { TOPGUN_PORT: '70000' } }, /TOPGUN_PORT: found 70000/],
    ['an empty port', { env: { TOPGUN_PORT: '' } }, /TOPGUN_PORT: found ""/],
    ['an unknown flag', { args: ['--prot', '1'] }, /--prot/],
    ['a word too many', { args: ['now'] }, /now/],
    [
      'a wrong choice',
      { env: { TOPGUN_STORAGE: 'sqlite' } },
      /TOPGUN_STORAGE: found "sqlite", allowed is embedded or memory/,
    ],
    [
      'a switch that is neither',
      { env: { TOPGUN_DEV: 'yes' } },
      /TOPGUN_DEV: found "yes", allowed is true or false/,
    ],
    ['a bad origin among good ones', { args: ['--origins', 'https://a.example,b'] }, /--origins at 1/],
    ['a file that is missing', { file: '/nowhere/topgun.json' }, /nowhere/],
  ])('[OPS-21] %s is refused with place, found and allowed', (_, sources, message) => {
    expect(() => loadConfig(sources)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('[OPS-21] a file with an unknown setting, or no object, or no JSON, is refused', async () => {
    const wrong = async (content: unknown): Promise<unknown> => {
      const path = await file(content);
      return expect(() => loadConfig({ file: path })).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    };
    await wrong({ prot: 1 });
    await wrong([1]);
    await wrong('{');
    await wrong({ policies: [{ role: 'A', map: 'm', actions: ['WRITE'] }] });
  });

  it('[OPS-22] a secret has no flag and is never shown', () => {
    expect(hasFlag('jwtSecret')).toBe(false);
    expect(() => loadConfig({ args: ['--jwt-secret', 'x'] })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect(() => loadConfig({ env: { TOPGUN_JWT_SECRET: '' } })).toThrowError(
      expect.objectContaining({ message: expect.stringMatching(/not shown/) }),
    );
  });

  it('[OPS-21] a program that passes an unknown setting is told', () => {
    expect(() => parseConfig({ prot: 1 } as object)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('policies', () => {
  it('[OPS-23] policies of the config and of the file are joined; development adds one that allows all', async () => {
    const one = { role: 'A', map: 'm', actions: ['READ' as const] };
    const policiesFile = await file([
      { ...one, role: 'B', where: { op: 'eq', path: 'owner', value: { $auth: 'sub' } } },
    ]);
    const config = parseConfig({ policies: [one], policiesFile, dev: true });
    const roles = [...configuredPolicies(config, {}), ...policiesIn(policiesFile, {})];
    expect(roles.map(({ role }) => role)).toEqual(['A', 'ADMIN', 'B']);
  });

  it('[OPS-23] a predicate with an unknown operator is refused at start', () => {
    const policies = [{ role: 'A', map: 'm', actions: ['READ' as const], where: { op: 'equals' } }];
    expect(() => configuredPolicies(parseConfig({ policies }), {})).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('[ERR-7] an expression that the server does not take is refused by the name of its policy', () => {
    const where = { op: 'regex', path: 'name', pattern: '(a)\\1' };
    const config = parseConfig({ policies: [{ role: 'A', map: 'm', actions: ['READ'], where }] });
    expect(() => configuredPolicies(config, { regex: linearRegex })).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('Policy 0: where: Invalid predicate at $.pattern'),
      }),
    );
  });
});

describe('configHelp', () => {
  it('[OPS-24] names every setting with flag, environment name, meaning, allowed values and default', async () => {
    const help = configHelp();
    for (const name of settingNames) {
      if (hasFlag(name)) expect(help).toContain(flagOf(name));
      if (settings[name].from !== 'file only') expect(help).toContain(envOf(name));
      expect(help).toContain(settings[name].help);
    }
    await expect(help).toMatchFileSnapshot('./help.golden.txt');
  });
});
