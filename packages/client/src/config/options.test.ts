import { describe, expect, it } from 'vitest';
import { checkOptions, type TopGunClientOptions } from './options.js';

const storage = Object.fromEntries(
  ['open', 'tx', 'get', 'iterate', 'estimate', 'onLost', 'wipe', 'close'].map((name) => [
    name,
    () => undefined,
  ]),
);
const options = (more: Record<string, unknown>): TopGunClientOptions =>
  ({ storage, ...more }) as unknown as TopGunClientOptions;
const refusalOf = (value: TopGunClientOptions): unknown => {
  try {
    checkOptions(value);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('options of the client', () => {
  it('takes what is documented', () => {
    const good = options({
      serverUrl: 'wss://example.com/ws',
      storeName: 'app',
      token: 't',
      backoff: { baseMs: 100, capMs: 1000, jitter: 1, maxRetries: Number.POSITIVE_INFINITY },
      answerTimeoutMs: 5000,
      durability: 'strict',
      autoStart: false,
    });
    expect(refusalOf(good)).toBeUndefined();
  });

  it.each([
    ['storage', { storage: undefined }],
    ['storage', { storage: {} }],
    ['serverUrl', { serverUrl: 'http://example.com' }],
    ['serverUrl', { serverUrl: 'ws://' }],
    ['storeName', { storeName: '' }],
    ['backoff.baseMs', { backoff: { baseMs: -1 } }],
    ['backoff.capMs', { backoff: { capMs: Number.NaN } }],
    ['backoff.factor', { backoff: { factor: 2 } }],
    ['logger', { logger: { info: () => undefined } }],
    ['nodeId', { nodeId: 'x' }],
    ['toString', { toString: 1 }],
    ['autoStart', { autoStart: 'no' }],
  ])('refuses a wrong %s by name, with what is allowed', (name, more) => {
    const refusal = refusalOf(options(more));
    expect(refusal).toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining(`"${name}"`) });
    expect((refusal as Error).message).toContain('allowed:');
  });

  it('refuses a server address together with a provider', () => {
    const connectionProvider = Object.fromEntries(
      ['connect', 'send', 'isConnected', 'on', 'close'].map((name) => [name, () => undefined]),
    );
    expect(refusalOf(options({ serverUrl: 'ws://x', connectionProvider }))).toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it('never shows a token', () => {
    expect((refusalOf(options({ token: 12345 })) as Error).message).not.toContain('12345');
  });
});
