import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkNode } from './checkNode.mjs';
import { capture, childEnv, startWatched } from './shell.mjs';

afterEach(() => vi.unstubAllEnvs());

describe('child processes', () => {
  it('do not see what npm says about itself, but do see how to reach the registry', () => {
    vi.stubEnv('npm_lifecycle_event', 'test');
    vi.stubEnv('npm_config_prefix', '/somewhere');
    vi.stubEnv('npm_config_registry', 'https://registry.example/');
    const env = childEnv({ MORE: '1' });
    expect(env).toMatchObject({ npm_config_registry: 'https://registry.example/', MORE: '1' });
    expect(env).not.toHaveProperty('npm_lifecycle_event');
    expect(env).not.toHaveProperty('npm_config_prefix');
  });

  it('report their exit code and output, also when the program is missing', async () => {
    const said = await capture(process.execPath, ['-e', 'console.log("hello"); process.exit(3)']);
    expect(said).toEqual({ code: 3, output: 'hello\n' });
    expect((await capture('no-such-program-here', [])).code).toBe(127);
  });
});

describe('a command that stays', () => {
  const says = (script, pattern) => {
    const command = startWatched(process.execPath, ['-e', script]);
    return Promise.all([command.says(pattern), command.ended]);
  };

  it('tells what it says, and how it ends', async () => {
    const [match, code] = await says('console.log("at 7"); process.exitCode = 4', /at (\d)/);
    expect([match?.[1], code]).toEqual(['7', 4]);
    expect(await says('process.exit(5)', /at/)).toEqual([undefined, 5]);
  });
});

describe('the Node version', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('%s is accepted', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });

  it.each(['18.20.0', '20.18.3'])('%s is refused with the version that is needed', (version) => {
    expect(() => checkNode(version)).toThrow(/needs Node >=20\.19/);
  });
});
