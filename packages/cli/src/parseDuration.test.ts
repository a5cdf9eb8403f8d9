import { describe, expect, it } from 'vitest';
import { parseDuration } from './parseDuration.js';

describe('parseDuration', () => {
  it('reads a whole number and a unit', () => {
    expect(['90s', '30m', '12h', '7d'].map(parseDuration)).toEqual([
      90_000, 1_800_000, 43_200_000, 604_800_000,
    ]);
  });

  it('refuses everything else', () => {
    for (const text of ['', '0s', '5', '-1h', '1.5h', '1w', ' 1h', '1h2m', '9999999s']) {
      expect(parseDuration(text), text).toBeUndefined();
    }
  });
});
