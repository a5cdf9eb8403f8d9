import { readdirSync, readFileSync } from 'node:fs';
import { decode, explainRefusal, serialize } from '@topgun/protocol';
import { Rng } from '@topgun/sim/internal/rng';
import { describe, expect, it } from 'vitest';
import { AREAS } from '../src/wireFuzz/Family.js';
import { goldenFrames } from '../src/wireFuzz/families/golden.js';
import { families } from '../src/wireFuzz/families/index.js';
import { faultOfAnswer, faultOfReply } from '../src/wireFuzz/judge.js';
import { EngineRig } from '../src/wireFuzz/mutate/EngineRig.js';
import { faultOf, guardPrototypes, runMutations } from '../src/wireFuzz/mutate/runMutations.js';

const escapes = new URL('../src/wireFuzz/escapes/', import.meta.url);
const MUTATIONS = 6_000;

describe('the corpus of malformed input', () => {
  it('[FUZZ-10] has families in every area, each under one name, and enough of them', () => {
    const names = new Set(families.map(({ area, name }) => `${area}: ${name}`));
    expect(names.size).toBe(families.length);
    expect(families.length).toBeGreaterThanOrEqual(150);
    for (const area of AREAS)
      expect(families.filter((family) => family.area === area).length).toBeGreaterThan(15);
    for (const rule of ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9', 'E10', 'E11', 'accepted'])
      expect(
        families.some(({ expected }) => expected.rule === rule),
        rule,
      ).toBe(true);
  });

  it('[FUZZ-14] the same seed makes the same input', () => {
    const around = {
      nowMs: 1,
      clientId: 'c'.repeat(22),
      session: 's'.repeat(11),
      incarnation: 'i',
      host: 'h',
      settledBelow: 1,
      nextSeq: () => 1,
    };
    for (const family of families) {
      if (family.name === 'key: another pair of keys') continue;
      const [first, second, third] = [7, 7, 8].map((seed) =>
        JSON.stringify(family.make(new Rng(seed), around)),
      );
      expect(first, family.name).toBe(second);
      expect(third).toBeDefined();
    }
  });
});

describe('the judge of replies', () => {
  const error = (code: string) => ({ type: 'ERROR', code, message: '' }) as never;
  const reply = { messages: [error('BAD_FRAME')], closeCode: 4400, isClosed: true };
  const badFrame = { rule: 'E2', code: 'BAD_FRAME', close: 4400 } as const;

  it('[FUZZ-11] complains of another code, a second one, another close code, and a socket that is kept or lost', () => {
    expect(faultOfReply(badFrame, reply)).toBeUndefined();
    expect(faultOfReply(badFrame, { ...reply, closeCode: 4401 })).toMatch('closed with 4401');
    expect(faultOfReply(badFrame, { ...reply, isClosed: false })).toMatch('not closed');
    expect(faultOfReply(badFrame, { ...reply, messages: [error('DENIED')] })).toMatch('DENIED');
    expect(faultOfReply(badFrame, { ...reply, messages: [...reply.messages, error('DENIED')] })).toMatch(
      'DENIED',
    );
    expect(faultOfReply({ rule: 'accepted' }, { messages: [], isClosed: true })).toMatch('closed');
    expect(faultOfReply({ rule: 'accepted' }, { messages: [error('LIMIT')], isClosed: false })).toMatch(
      'LIMIT',
    );
    expect(faultOfReply(badFrame, { ...reply, fault: 'no answer in time' })).toBe('no answer in time');
  });

  it('[FUZZ-13] complains of a refusal over HTTP without a code, of two answers, and of what tells where code lies', () => {
    const expected = { rule: 'E11', status: [400] } as const;
    const answer = { status: 400, body: '{"code":"BAD_REQUEST"}', answers: 1, isClosed: true };
    expect(faultOfAnswer(expected, answer)).toBeUndefined();
    expect(faultOfAnswer(expected, { ...answer, status: 200 })).toMatch('status 200');
    expect(faultOfAnswer(expected, { ...answer, body: 'no' })).toMatch('without a code');
    expect(faultOfAnswer(expected, { ...answer, answers: 2 })).toMatch('2 answers');
    expect(faultOfAnswer(expected, { ...answer, isClosed: false })).toMatch('not closed');
    const told = '{"code":"X","stack":"at answer (file.js:5)"}';
    expect(faultOfAnswer(expected, { ...answer, body: told })).toMatch('where code lies');
  });
});

describe('mutated messages', () => {
  it('[FUZZ-15] begin as good ones of every type', () => {
    const frames = goldenFrames({
      clientId: 'c'.repeat(22),
      session: 's'.repeat(11),
      incarnation: 'i',
      nowMs: 1,
    });
    for (const [type, frame] of Object.entries(frames))
      expect(decode(serialize(frame), 'client', explainRefusal), type).toMatchObject({ ok: true });
  });

  it('[FUZZ-15] are answered by the rules, harm no prototype, and what leaves can be read', async () => {
    const said: string[] = [];
    const report = await runMutations({ inputs: MUTATIONS, seed: 1, say: (line) => said.push(line) });
    expect(report.faults, said.join('\n')).toEqual([]);
    for (const code of [
      'taken',
      'BAD_FRAME',
      'BAD_MESSAGE',
      'UNKNOWN_TYPE',
      'DENIED',
      'RESYNC',
      'AUTH_REQUIRED',
    ])
      expect(report.codes.get(code) ?? 0, code).toBeGreaterThan(MUTATIONS / 1_000);
  });

  it('[FUZZ-15] a reply that breaks a rule, and a prototype that was changed, are found', () => {
    const brought = { refused: 'BAD_MESSAGE', errors: ['BAD_MESSAGE'], ops: [], close: undefined } as const;
    expect(faultOf(brought, false)).toBeUndefined();
    expect(faultOf({ ...brought, errors: [] }, false)).toBeDefined();
    expect(faultOf({ ...brought, close: 4400 }, false)).toBeDefined();
    expect(faultOf(brought, true)).toBeDefined();
    const guard = guardPrototypes();
    expect(() => Object.assign(Object.prototype, { polluted: true })).toThrow();
    const before = Object.prototype.toString;
    Object.prototype.toString = () => 'other';
    const seen = guard();
    Object.prototype.toString = before;
    expect(seen).toBeDefined();
    expect(guard()).toBeUndefined();
  });

  it.each(readdirSync(escapes))('[FUZZ-16] %s escaped once, and is answered by the rules', (name) => {
    const bytes = Buffer.from(readFileSync(new URL(name, escapes), 'utf8').trim(), 'hex');
    const rig = new EngineRig(new Rng(1));
    const [client] = rig.clients;
    if (client === undefined) throw new Error('no client');
    expect(faultOf(rig.frame(client, bytes), false)).toBeUndefined();
    expect(rig.frame(client, serialize([0, 5])).close).toBeUndefined();
  });
});
