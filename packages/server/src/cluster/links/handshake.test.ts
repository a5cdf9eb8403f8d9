import { LIMITS } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Greeted, Greeting } from './Greeting.js';
import { type LinkEnd, packAnswer, packWelcome, prove, readAnswer, readChallenge } from './handshake.js';

const nonce = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const ann: LinkEnd = { name: 'ann', boot: 'a1', versions: [4, 5], nonce: nonce(1) };
const ben: LinkEnd = { name: 'ben', boot: 'b1', versions: [4, 5], nonce: nonce(2) };
const SECRET = 'x'.repeat(32);

const listener = (self = ben, secret = SECRET): Greeting => new Greeting({ role: 'listener', secret, self });
const dialler = (self = ann, secret = SECRET, target = 'ben'): Greeting =>
  new Greeting({ role: 'dialler', secret, self, target });

/** What each side makes of the other, up to the first refusal. */
function meet(
  at: Greeting,
  from: Greeting,
): readonly [dialler: Greeted, listener?: Greeted, dialler?: Greeted] {
  const answered = from.take(at.first() as Uint8Array);
  if (answered.name !== 'more') return [answered];
  const heard = at.take(answered.reply);
  if (heard.name !== 'known') return [answered, heard];
  return [answered, heard, from.take(heard.reply as Uint8Array)];
}

describe('handshake of links', () => {
  it('[CLU-40] two nodes that know the secret know each other after three frames', () => {
    const [, heard, welcomed] = meet(listener(), dialler());
    expect(heard).toMatchObject({ name: 'known', other: ann });
    expect(welcomed).toEqual({ name: 'known', other: ben });
  });

  it('[CLU-40] who knows another secret gets no further than his first frame, on either side', () => {
    expect(meet(listener(), dialler(ann, 'y'.repeat(32)))[1]).toEqual({ name: 'refused', why: 'secret' });
    const from = dialler();
    const challenge = listener().first() as Uint8Array;
    from.take(challenge);
    const forged = packWelcome(prove('y'.repeat(32), 'listener', ben, ann));
    expect(from.take(forged)).toEqual({ name: 'refused', why: 'secret' });
  });

  it('[CLU-40] the secret is in none of the frames', () => {
    const at = listener();
    const from = dialler();
    const frames = [at.first() as Uint8Array];
    const answered = from.take(frames[0] as Uint8Array);
    if (answered.name === 'more') frames.push(answered.reply);
    const heard = at.take(frames[1] as Uint8Array);
    if (heard.name === 'known' && heard.reply) frames.push(heard.reply);
    expect(frames).toHaveLength(3);
    for (const frame of frames) expect(Buffer.from(frame).includes(SECRET.slice(0, 8))).toBe(false);
  });

  it('[CLU-40] a proof is worth nothing in another handshake, for another part, name, boot or version', () => {
    const proof = prove(SECRET, 'dialler', ben, ann);
    const told = (end: LinkEnd, by = proof): Greeted => listener().take(packAnswer(end, by));
    expect(told(ann).name).toBe('known');
    for (const end of [
      { ...ann, name: 'eve' },
      { ...ann, boot: 'a2' },
      { ...ann, versions: [3, 5] as const },
      { ...ann, nonce: nonce(3) },
    ])
      expect(told(end)).toEqual({ name: 'refused', why: 'secret' });
    expect(told(ann, prove(SECRET, 'listener', ben, ann))).toEqual({ name: 'refused', why: 'secret' });
    const later = listener({ ...ben, nonce: nonce(9) });
    expect(later.take(packAnswer(ann, proof))).toEqual({ name: 'refused', why: 'secret' });
  });

  it('[CLU-40] what a listener has proved does not prove a dialler: a challenge sent back is refused', () => {
    // Somebody without the secret answers a dialler with what another listener says.
    const from = dialler();
    const answered = from.take(listener().first() as Uint8Array);
    const read = answered.name === 'more' ? readAnswer(answered.reply) : undefined;
    expect(read).toBeDefined();
    expect(from.take(packWelcome(read?.proof as Uint8Array))).toEqual({ name: 'refused', why: 'secret' });
  });

  it('[CLU-40] nothing is proved to another node than was dialled, nor taken from one of the own name', () => {
    expect(meet(listener({ ...ben, name: 'eve' }), dialler())[0]).toEqual({ name: 'refused', why: 'name' });
    const own = dialler({ ...ann, name: 'ben' }, SECRET, 'ben');
    expect(meet(listener(), own)[1]).toEqual({ name: 'refused', why: 'name' });
  });

  it('[CLU-40] the version before is spoken, an older one is not', () => {
    const older = (versions: readonly [number, number]) => meet(listener(), dialler({ ...ann, versions }));
    expect(older([3, 4])[2]).toMatchObject({ name: 'known' });
    expect(older([5, 6])[2]).toMatchObject({ name: 'known' });
    expect(older([2, 3])[0]).toEqual({ name: 'refused', why: 'version' });
    const proved = prove(SECRET, 'dialler', ben, { ...ann, versions: [2, 3] });
    const asked = listener().take(packAnswer({ ...ann, versions: [2, 3] }, proved));
    expect(asked).toEqual({ name: 'refused', why: 'version' });
  });

  it('[CLU-40] frames with any byte changed, cut short or made up are refused, and nothing throws', () => {
    const good = [listener().first() as Uint8Array];
    const answered = dialler().take(good[0] as Uint8Array);
    if (answered.name === 'more') good.push(answered.reply);
    good.push(packWelcome(prove(SECRET, 'listener', ben, ann)));
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .record({ which: fc.nat(2), at: fc.nat(300), to: fc.integer({ min: 1, max: 255 }) })
        .map(({ which, at, to }) => {
          const changed = Uint8Array.from(good[which] as Uint8Array);
          const place = at % changed.length;
          changed[place] = (changed[place] as number) ^ to;
          return changed;
        }),
      fc.record({ which: fc.nat(2), length: fc.nat(200) }).map(({ which, length }) => {
        const whole = good[which] as Uint8Array;
        return whole.subarray(0, Math.min(length, whole.length - 1));
      }),
    );
    fc.assert(
      fc.property(frame, (bytes) => {
        expect(listener().take(bytes).name).toBe('refused');
        const from = dialler();
        from.take(good[0] as Uint8Array);
        expect(from.take(bytes).name).toBe('refused');
      }),
      { numRuns: 2_000 },
    );
  });

  it('[CLU-40] what is no frame of a handshake is malformed', () => {
    const frames = [
      new Uint8Array(),
      new Uint8Array([0xc1]),
      new Uint8Array(LIMITS.linkAuthBytes + 1),
      packWelcome(nonce(1)),
      packAnswer({ ...ann, nonce: new Uint8Array(31) }, nonce(1)),
      packAnswer({ ...ann, name: '' }, nonce(1)),
      packAnswer({ ...ann, name: 'x'.repeat(65) }, nonce(1)),
      packAnswer(ann, new Uint8Array(33)),
      packAnswer({ ...ann, versions: [-1, 4] }, nonce(1)),
    ];
    for (const frame of frames) {
      expect(listener().take(frame)).toEqual({ name: 'refused', why: 'malformed' });
      expect(dialler().take(frame)).toEqual({ name: 'refused', why: 'malformed' });
    }
    expect(readChallenge(listener().first() as Uint8Array)).toEqual(ben);
  });
});
