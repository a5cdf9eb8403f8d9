import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { describe, expect, it } from 'vitest';
import { keyOf, type SchemeName, type SignedRequest, schemeOf, verify } from './schemes.js';

const nowMs = 1_800_000_000_000;
const nowS = nowMs / 1000;
const body = Buffer.from('{"type":"invoice.paid","data":{"amount":7,"text":"grün"}}');
const secret = '0123456789abcdef0123456789abcdef';
const whsec = `whsec_${randomBytes(32).toString('base64')}`;

/** A signer of each scheme, written from its provider's guide. */
const signers: Readonly<
  Record<SchemeName, (secret: string, body: Buffer, timeS: number) => SignedRequest['headers']>
> = {
  generic: (key, text) => ({ 'x-signature': `sha256=${hex(key, text)}` }),
  github: (key, text) => ({ 'x-hub-signature-256': `sha256=${hex(key, text)}` }),
  stripe: (key, text, t) => ({
    'stripe-signature': `t=${t},v1=${hex(key, Buffer.concat([Buffer.from(`${t}.`), text]))},v0=${'0'.repeat(64)}`,
  }),
  slack: (key, text, t) => ({
    'x-slack-request-timestamp': String(t),
    'x-slack-signature': `v0=${hex(key, Buffer.concat([Buffer.from(`v0:${t}:`), text]))}`,
  }),
  standard: (key, text, t) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(t),
    'webhook-signature': new Standard(key).sign('msg_1', new Date(t * 1000), text.toString()),
  }),
};
const hex = (key: string, text: Buffer): string => createHmac('sha256', key).update(text).digest('hex');
const schemes = Object.keys(signers) as SchemeName[];
const secretOf = (scheme: SchemeName): string => (scheme === 'standard' ? whsec : secret);

function check(
  scheme: SchemeName,
  headers: SignedRequest['headers'],
  options: { readonly text?: Buffer; readonly secrets?: readonly string[]; readonly atMs?: number } = {},
): string {
  const { text = body, secrets = [secretOf(scheme)], atMs = nowMs } = options;
  const keys = secrets.flatMap((one) => keyOf(scheme, one) ?? []);
  return verify(scheme, keys, { headers, body: text }, atMs).state;
}

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
};

describe.each(schemes)('the scheme %s', (scheme) => {
  const headers = signers[scheme](secretOf(scheme), body, nowS);

  it('[HOOK-2] [S003-17] [S003-18] accepts what its provider signs, over the bytes as they came', () => {
    expect(check(scheme, headers)).toBe('valid');
    // The same value, written otherwise.
    expect(
      check(scheme, headers, { text: Buffer.from(JSON.stringify(JSON.parse(`${body}`), null, 1)) }),
    ).toBe('mismatch');
    expect(check(scheme, {})).toBe('missing');
  });

  it('[HOOK-3] [S003-19] refuses a body or a signature with one flipped bit, and signatures of another length', () => {
    fc.assert(
      fc.property(fc.nat(body.length * 8 - 1), (bit) => {
        expect(check(scheme, headers, { text: flipped(body, bit) })).toBe('mismatch');
      }),
    );
    const [name, value] = Object.entries(headers).find(([key]) => key.includes('signature')) as [
      string,
      string,
    ];
    const digest = /(?<=(sha256|v1|v0)[=,])[\w+/=]{44,64}/.exec(value)?.[0] as string;
    const encoding = scheme === 'standard' ? 'base64' : 'hex';
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        const other = flipped(Buffer.from(digest, encoding), bit).toString(encoding);
        expect(check(scheme, { ...headers, [name]: value.replace(digest, other) })).toBe('mismatch');
      }),
    );
    for (const other of ['', digest.slice(1), `${digest}00`, digest.slice(0, -2), 'é'.repeat(digest.length)])
      expect(check(scheme, { ...headers, [name]: value.replace(digest, other) })).toBe('missing');
  });

  it('[HOOK-1] [HOOK-3] accepts any of several secrets, and none that is not among them', () => {
    const others = schemes.map(() =>
      scheme === 'standard' ? `whsec_${randomBytes(24).toString('base64')}` : randomBytes(16).toString('hex'),
    );
    expect(check(scheme, headers, { secrets: [...others, secretOf(scheme)] })).toBe('valid');
    expect(check(scheme, headers, { secrets: others })).toBe('mismatch');
    expect(check(scheme, headers, { secrets: [] })).toBe('mismatch');
  });

  it('[HOOK-2] a request signed under another scheme is none of this one', () => {
    for (const other of schemes)
      if (other !== scheme)
        expect(check(scheme, signers[other](secretOf(other), body, nowS))).toBe('missing');
  });
});

describe.each(['standard', 'stripe', 'slack'] as const)('the time of %s', (scheme) => {
  const headers = signers[scheme](secretOf(scheme), body, nowS);

  it.each([
    [300_000, 'valid'],
    [-300_000, 'valid'],
    [300_001, 'stale'],
    [-300_001, 'stale'],
  ])('[HOOK-4] %i ms away: %s', (ms, state) => {
    expect(check(scheme, headers, { atMs: nowMs + ms })).toBe(state);
  });

  it('[HOOK-4] is signed: another one is a mismatch, not a fresh request', () => {
    for (const [name, value] of Object.entries(headers)) {
      const later = String(value).replace(String(nowS), String(nowS + 600));
      if (later === value) continue;
      expect(check(scheme, { ...headers, [name]: later }, { atMs: nowMs + 600_000 })).toBe('mismatch');
    }
    // A stale request with a wrong signature is not told that it is late.
    expect(check(scheme, headers, { text: Buffer.from('x'), atMs: nowMs + 600_000 })).toBe('mismatch');
  });
});

describe('Standard Webhooks', () => {
  const sign = (text = body.toString(), id = 'msg_1'): string =>
    new Standard(whsec).sign(id, new Date(nowMs), text);
  const headersOf = (signature: string, prefix = 'webhook'): SignedRequest['headers'] => ({
    [`${prefix}-id`]: 'msg_1',
    [`${prefix}-timestamp`]: String(nowS),
    [`${prefix}-signature`]: signature,
  });

  it('[HOOK-2] the signers `standardwebhooks` and `svix` are believed, in the headers of either', () => {
    for (const signer of [new Standard(whsec), new Svix(whsec)])
      for (const prefix of ['webhook', 'svix'])
        expect(
          check('standard', headersOf(signer.sign('msg_1', new Date(nowMs), body.toString()), prefix)),
        ).toBe('valid');
  });

  it('[HOOK-3] one good signature among several is enough, and the id is signed', () => {
    const bad = `v1,${randomBytes(32).toString('base64')}`;
    expect(check('standard', headersOf(`${bad} v1a,AAAA ${sign()}`))).toBe('valid');
    expect(check('standard', headersOf(`${bad} v1a,AAAA`))).toBe('mismatch');
    expect(check('standard', headersOf(sign().replace('v1,', 'v2,')))).toBe('missing');
    expect(check('standard', { ...headersOf(sign()), 'webhook-id': 'msg_2' })).toBe('mismatch');
  });
});

describe('secrets', () => {
  it('[HOOK-2] a scheme follows from provider and secret', () => {
    expect(['github', 'stripe', 'slack', 'twilio', 'acme'].map((name) => schemeOf(name, whsec))).toEqual([
      'github',
      'stripe',
      'slack',
      'standard',
      'standard',
    ]);
    expect(schemeOf('sendgrid', secret)).toBe('generic');
  });

  it('[HOOK-2] those of the Standard Webhooks are 24 to 64 bytes in base64, texts have 16 or more', () => {
    const whsecOf = (bytes: number): string => `whsec_${randomBytes(bytes).toString('base64')}`;
    expect([23, 24, 64, 65].map((bytes) => keyOf('standard', whsecOf(bytes))?.length)).toEqual([
      undefined,
      24,
      64,
      undefined,
    ]);
    expect(keyOf('standard', `${whsecOf(32)}!`)).toBeUndefined();
    expect(keyOf('standard', secret)).toBeUndefined();
    expect(keyOf('generic', '123456789012345')).toBeUndefined();
    // As Stripe has them: the text is the key.
    expect(keyOf('stripe', 'whsec_abcdefghijkl')?.toString()).toBe('whsec_abcdefghijkl');
  });
});
