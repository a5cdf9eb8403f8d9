import { expect, it } from 'vitest';
import { serialize } from '../serializer.js';
import { unpackScanned } from './unpackScanned.js';

it('keeps nothing of a frame that it has read: its bytes may be used again, and go when nobody else has them', () => {
  // A Buffer of Node gives a view of itself where another array gives a copy.
  const frame = Buffer.from(serialize({ kept_a: 1 }));
  expect(unpackScanned(frame)).toEqual({ kept_a: 1 });
  frame.write('klmn_a', frame.indexOf('kept_a'), 'latin1');
  expect(unpackScanned(Buffer.from(serialize({ klmn_a: 2 })))).toEqual({ klmn_a: 2 });
});
