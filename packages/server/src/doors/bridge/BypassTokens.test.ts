import { expect, it } from 'vitest';
import { BypassTokens } from './BypassTokens.js';

it('[BRG-5] known tokens pass and are counted by fingerprint, others do not', () => {
  const tokens = new BypassTokens(['first-token', 'second-token']);
  expect(tokens.use('Bearer first-token')).toBe(true);
  expect(tokens.use('Bearer first-token')).toBe(true);
  for (const header of [undefined, '', 'first-token', 'Bearer first-toke', 'Bearer ', 'Basic first-token'])
    expect(tokens.use(header)).toBe(false);
  const uses = [...tokens.uses()];
  expect(uses.map(([, count]) => count)).toEqual([2, 0]);
  for (const [fingerprint] of uses) expect(fingerprint).toMatch(/^[\da-f]{8}$/);
  expect(new BypassTokens([]).use('Bearer first-token')).toBe(false);
});
