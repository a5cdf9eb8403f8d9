import { describe, expect, it } from 'vitest';
import { defaultView, hashToView, viewToHash } from './view.js';

describe('view in the address', () => {
  it('leaves defaults out', () => {
    expect(viewToHash(defaultView)).toBe('#');
  });

  it('comes back as it was', () => {
    const view = { list: 'a b&c', status: 'done', sort: 'due', search: 'milk & 50%' } as const;
    expect(hashToView(viewToHash(view))).toEqual(view);
  });

  it('takes the default for what it does not know', () => {
    expect(hashToView('#show=everything&sort=colour')).toEqual(defaultView);
  });
});
