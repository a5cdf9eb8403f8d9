import { describe, expect, it } from 'vitest';
import type { Rejection } from './engine/ports.js';
import { RejectionDesk } from './RejectionDesk.js';
import { silentLogger } from './utils/logger.js';

const rejection = (id: string): Rejection => ({
  id,
  map: 'm',
  key: 'k',
  op: 'PUT',
  payload: 1,
  code: 'DENIED',
});

describe('RejectionDesk', () => {
  it('[DEV-7] waits for a listener and shows each rejection once', async () => {
    const shown: string[] = [];
    const got: string[] = [];
    const desk = new RejectionDesk(silentLogger, (id) => shown.push(id));
    desk.add(rejection('1'));
    expect(shown).toEqual([]);
    desk.on(({ id }) => got.push(id));
    expect(got).toEqual([]);
    await Promise.resolve();
    desk.add(rejection('2'));
    desk.on(({ id }) => got.push(`late ${id}`));
    await Promise.resolve();
    expect(got).toEqual(['1', '2']);
    expect(shown).toEqual(['1', '2']);
  });

  it('[DEV-7] one on which the listener throws is not shown', () => {
    const shown: string[] = [];
    const desk = new RejectionDesk(silentLogger, (id) => shown.push(id));
    desk.on(() => {
      throw new Error('app');
    });
    desk.add(rejection('1'));
    expect(shown).toEqual([]);
  });
});
