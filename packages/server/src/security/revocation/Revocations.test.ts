import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../PermissionPolicy.js';
import { FileRevocationStore } from './FileRevocationStore.js';
import { MemoryRevocationStore, type RevocationStore } from './RevocationStore.js';
import { Revocations } from './Revocations.js';

async function open(store?: RevocationStore, tokenHoursMax?: number): Promise<Revocations> {
  const revocations = new Revocations(tokenHoursMax);
  if (store !== undefined) await revocations.keepIn(store);
  return revocations;
}

const now = 1_800_000_000_500;
const HOUR = 3_600_000;
const who = (sub: string, claims: Record<string, unknown> = {}): Principal => ({
  sub,
  roles: [],
  claims: { sub, ...claims },
});

describe('Revocations', () => {
  it('[AUTH-40] a token by its id, and no other', async () => {
    const revocations = await open();
    await revocations.add({ jti: 't1' }, now);
    expect(revocations.isRevoked(who('ann', { jti: 't1' }))).toBe(true);
    for (const other of [who('ann', { jti: 't2' }), who('ann'), who('t1')])
      expect(revocations.isRevoked(other)).toBe(false);
  });

  it('[AUTH-40] all tokens of a subject issued before a time, and those that do not say when', async () => {
    const revocations = await open();
    await revocations.add({ sub: 'ann' }, now);
    const at = (iat?: number): boolean => revocations.isRevoked(who('ann', iat === undefined ? {} : { iat }));
    expect([at(), at(now / 1000 - 1), at(Math.floor(now / 1000)), at(Math.ceil(now / 1000))]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(revocations.isRevoked(who('ben'))).toBe(false);
    await revocations.add({ sub: 'ann', beforeMs: now - HOUR }, now);
    expect(at(Math.floor(now / 1000))).toBe(true);
  });

  it('[AUTH-40] holds before it is durable, and when it cannot be', async () => {
    const store = new MemoryRevocationStore();
    store.add = () => Promise.reject(new Error('disk full'));
    const revocations = await open(store);
    const durable = revocations.add({ jti: 't1' }, now);
    expect(revocations.isRevoked(who('ann', { jti: 't1' }))).toBe(true);
    await expect(durable).rejects.toThrow('disk full');
    expect(revocations.isRevoked(who('ann', { jti: 't1' }))).toBe(true);
  });

  it.each([
    [{ jti: '' }],
    [{ jti: 'x'.repeat(300) }],
    [{ jti: 7 as unknown as string }],
    [{ sub: '' }],
    [{ sub: 'ann', beforeMs: now + 1 }],
    [{ sub: 'ann', beforeMs: Number.NaN }],
  ])('[AUTH-40] refuses %j', async (revocation) => {
    const revocations = await open();
    expect(() => revocations.add(revocation, now)).toThrow(
      expect.objectContaining({ code: 'REVOCATION_INVALID' }),
    );
    expect(revocations.size).toBe(0);
  });

  it('[AUTH-42] forgets what no living token can meet, in the store too, and not before', async () => {
    const store = new MemoryRevocationStore();
    const revocations = await open(store, 1);
    await revocations.add({ jti: 't1' }, now);
    await revocations.add({ sub: 'ann', beforeMs: now - HOUR / 2 }, now);
    const gone = (ms: number): number => now + ms + LIMITS.issuerSkewMs + 1;
    await revocations.prune(gone(HOUR / 2) - 1);
    expect(store.entries).toHaveLength(2);
    await revocations.prune(gone(HOUR / 2));
    expect(store.entries.map(({ name }) => name)).toEqual(['t1']);
    await revocations.prune(gone(HOUR));
    expect([revocations.size, store.entries]).toEqual([0, []]);
  });

  it('[AUTH-42] has room for a bounded number', async () => {
    const store = new MemoryRevocationStore();
    for (let i = 0; i < LIMITS.revocations; i++)
      store.entries.push({ kind: 'jti', name: `t${i}`, untilMs: now + (i === 0 ? 0 : HOUR) });
    const revocations = await open(store);
    expect(() => revocations.add({ jti: 'more' }, now)).toThrow(
      expect.objectContaining({ code: 'REVOCATIONS_FULL' }),
    );
    await revocations.add({ jti: 'more' }, now + 1);
    expect(revocations.size).toBe(LIMITS.revocations);
  });
});

describe('FileRevocationStore', () => {
  let path: string;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-revocations-'));
    path = join(folder, 'auth', 'revocations.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const openFile = (): Promise<Revocations> => open(new FileRevocationStore(path));

  it('[AUTH-41] survives a restart; nobody else may read the file', async () => {
    const revocations = await openFile();
    await Promise.all([
      revocations.add({ jti: 't1' }, now),
      revocations.add({ sub: 'ann' }, now),
      revocations.add({ jti: 't2' }, now),
    ]);
    const again = await openFile();
    expect(again.size).toBe(3);
    expect(again.isRevoked(who('ann'))).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'auth'))).mode & 0o777).toBe(0o700);
  });

  it('[AUTH-41] wherever a crash cuts the last line, what was answered before is there', async () => {
    await (await openFile()).add({ jti: 'answered' }, now);
    const before = await readFile(path);
    await (await openFile()).add({ jti: 'cut' }, now);
    const whole = await readFile(path);
    for (let bytes = before.length; bytes < whole.length; bytes++) {
      await writeFile(path, whole.subarray(0, bytes));
      const again = await openFile();
      expect(again.isRevoked(who('ann', { jti: 'answered' }))).toBe(true);
      await again.add({ jti: 'later' }, now);
      expect((await openFile()).isRevoked(who('ann', { jti: 'later' }))).toBe(true);
    }
  });

  it('[AUTH-41] a damaged line ends the start', async () => {
    await (await openFile()).add({ jti: 't1' }, now);
    await appendFile(path, '{"kind":"jti","name":7,"untilMs":1}\n');
    await expect(openFile()).rejects.toMatchObject({
      code: 'AUTH_FILE_INVALID',
      message: /revocations\.jsonl/,
    });
  });

  it('[AUTH-41] what a restart finds is what was added, in whatever order it was added and forgotten', async () => {
    const step = fc.oneof(
      fc.record({ jti: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ sub: fc.constantFrom('x', 'y'), ageMs: fc.nat(3 * HOUR) }),
      fc.record({ pruneAfterMs: fc.nat(4 * HOUR) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await rm(path, { force: true });
        const store = new FileRevocationStore(path);
        let revocations = await open(store, 2);
        let at = now;
        for (const each of steps) {
          if ('pruneAfterMs' in each) {
            at += each.pruneAfterMs;
            await revocations.prune(at);
          } else if ('jti' in each) await revocations.add(each, at);
          else await revocations.add({ sub: each.sub, beforeMs: at - each.ageMs }, at);
        }
        const seen = (): boolean[] =>
          ['a', 'b', 'c']
            .map((jti) => revocations.isRevoked(who('z', { jti })))
            .concat(
              ['x', 'y'].flatMap((sub) =>
                [0, 1, 2].map((hours) =>
                  revocations.isRevoked(who(sub, { iat: (at - hours * HOUR) / 1000 })),
                ),
              ),
            );
        const before = seen();
        revocations = await open(new FileRevocationStore(path), 2);
        expect(seen()).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });
});
