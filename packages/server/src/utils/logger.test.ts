import { TopGunError } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { serverError } from '../errors.js';
import { describeError } from './describeError.js';
import { LogTail } from './LogTail.js';
import { shownFields } from './logFields.js';
import { createLogger } from './logger.js';

describe('shownFields', () => {
  it('[OBS-30] shows what the list allows and counts the rest without a name', () => {
    const fields = {
      conn: 3,
      key: 'canary',
      value: { a: 1 },
      sub: 'ann',
      map: 'rooms:ann@x',
      gone: undefined,
    };
    expect(shownFields(fields)).toEqual({ conn: 3, map: 'rooms:*', hidden: 3 });
  });

  it('[OBS-30] a field shows only what it is for', () => {
    expect(shownFields({ conn: 'canary', remote: 'a b', code: { secret: 1 }, query: 'eq a "x"' })).toEqual({
      hidden: 4,
    });
    expect(shownFields({ code: 1013, path: 'index', query: 'and(eq owner, gte a.b) sort at desc' })).toEqual({
      code: 1013,
      path: 'index',
      query: 'and(eq owner, gte a.b) sort at desc',
    });
    expect(shownFields({ told: { epoch: 1, n: 2, secret: 3 } })).toEqual({ told: { epoch: 1, n: 2 } });
    expect(shownFields({ problem: 'https://u:pw@keys.example/x?token=canary answered 500' })).toEqual({
      problem: 'https://keys.example answered 500',
    });
  });
});

describe('describeError', () => {
  it('[OBS-31] shows class, code, call and places, and no text', () => {
    const cause = Object.assign(new Error('ENOENT: canary'), { code: 'ENOENT', syscall: 'open' });
    const shown = describeError(new TypeError('canary', { cause }));
    expect(shown).toMatchObject({ type: 'TypeError', cause: { code: 'ENOENT', syscall: 'open' } });
    expect(shown.stack?.[0]).toMatch(/^at .*logger\.test\.ts:\d+:\d+\)?$/);
    expect(JSON.stringify(shown)).not.toContain('canary');
  });

  it('[OBS-31] a text that looks like a place is not taken for one', () => {
    const shown = describeError(new Error('x\n    at canary (file:///canary.ts:1:1)\ny'));
    expect(shown.stack?.length).toBeGreaterThan(0);
    expect(JSON.stringify(shown)).not.toContain('canary');
    const changed = new Error('short');
    changed.stack = 'Error: canary\n    at file:///a.ts:1:1';
    expect(JSON.stringify(describeError(changed))).not.toContain('canary');
  });

  it('[OBS-31] texts that the server makes about itself are shown, those about what was sent are not', () => {
    expect(describeError(serverError('PORT_IN_USE', 'Port 80 is in use.'))).toMatchObject({
      code: 'PORT_IN_USE',
      message: 'Port 80 is in use.',
    });
    const fault = new TopGunError({
      code: 'KEY_INVALID',
      message: 'canary',
      remedy: 'canary',
      retriable: false,
    });
    expect(describeError(fault)).toMatchObject({ code: 'KEY_INVALID' });
    expect(JSON.stringify(describeError(fault))).not.toContain('canary');
  });

  it('[OBS-31] what is thrown and is no error shows its type', () => {
    expect(['canary', { canary: 1 }, undefined].map(describeError)).toEqual([
      { type: 'string' },
      { type: 'object' },
      { type: 'undefined' },
    ]);
    const deep = Array.from({ length: 9 }).reduce((cause: unknown) => new Error('x', { cause }), undefined);
    expect(JSON.stringify(describeError(deep)).split('"cause"')).toHaveLength(4);
  });
});

describe('createLogger', () => {
  it('[OBS-30] holds every line to the list, however it is called', () => {
    const tail = new LogTail();
    const logger = createLogger('info', { tail });
    logger.info({ conn: 1, token: 'canary' }, 'opened');
    logger.error(new Error('canary'));
    logger.error({ err: new Error('canary') });
    logger.child({ conn: 2, secret: 'canary' }).warn('behind %s', 'canary');
    logger.debug('canary');
    const lines = tail.after(0, 10).lines.map(({ line }) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ msg, conn, hidden }) => [msg, conn, hidden])).toEqual([
      ['opened', 1, 1],
      ['', undefined, undefined],
      ['', undefined, undefined],
      ['behind %s', 2, 1],
    ]);
    expect(lines[1]).toMatchObject({ err: { type: 'Error' }, level: 50 });
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('LogTail', () => {
  it('[OBS-34] pages through its lines, and says what it has forgotten', () => {
    const tail = new LogTail();
    expect(tail.after(0, 5)).toEqual({ lines: [], next: 0, lost: 0 });
    for (let n = 1; n <= 1_002; n++) tail.write(`line ${n}`);
    expect(tail.after(0, 1)).toEqual({ lines: [{ n: 3, line: 'line 3' }], next: 3, lost: 2 });
    expect(tail.after(3, 2).lines.map(({ n }) => n)).toEqual([4, 5]);
    expect(tail.after(1_001, 9)).toEqual({ lines: [{ n: 1_002, line: 'line 1002' }], next: 1_002, lost: 0 });
    expect(tail.after(1_002, 9)).toEqual({ lines: [], next: 1_002, lost: 0 });
    // The number of another process.
    expect(tail.after(5_000, 1).lines[0]?.n).toBe(3);
  });

  it('[OBS-34] long lines cost no more memory than short ones', () => {
    const tail = new LogTail();
    for (let n = 0; n < 100; n++) tail.write('x'.repeat(100_000));
    expect(tail.after(0, 1_000).lines).toHaveLength(5);
    expect(tail.after(0, 1_000).lost).toBe(95);
  });

  it('[OBS-34] a waiting asker is woken by the next line, and too many are turned away', async () => {
    const tail = new LogTail();
    tail.write('a');
    expect(await tail.wait(0, 60_000)).toBe(true);
    const waiting = Array.from({ length: 20 }, () => tail.wait(1, 60_000));
    expect(await tail.wait(1, 60_000)).toBe(false);
    tail.write('b');
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 20 }, () => true));
    expect(await tail.wait(2, 1)).toBe(true);
  });
});
