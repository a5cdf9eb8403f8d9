import { describe, expect, it } from 'vitest';
import { formatDegrees, formatNumber, formatShort } from './formats.js';

describe('numbers on the screen', () => {
  it('are grouped, shortened or have a direction', () => {
    expect([formatNumber(22_315_474), formatShort(3_134_000_000), formatShort(99_000_000)]).toEqual([
      '22,315,474',
      '3.1B',
      '99M',
    ]);
    expect([formatDegrees(-34.613, ['N', 'S']), formatDegrees(31.2222, ['N', 'S'])]).toEqual([
      '34.61° S',
      '31.22° N',
    ]);
  });
});
