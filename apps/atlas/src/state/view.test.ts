import { describe, expect, it } from 'vitest';
import { defaultView, hashToView, sortBy, toPeople, type View, viewToHash } from './view.js';

describe('the view in the address', () => {
  it('comes back as it was, and the usual view is an empty address', () => {
    const views: View[] = [
      defaultView,
      { ...defaultView, find: 'são & co', country: 'BR', min: 1000, max: 50_000 },
      { ...defaultView, sort: 'name', descending: false },
      { ...defaultView, sort: 'lat', descending: true },
      { ...defaultView, descending: false },
    ];
    for (const view of views) expect(hashToView(viewToHash(view))).toEqual(view);
    expect(viewToHash(defaultView)).toBe('#');
  });

  it('takes defaults for what is unknown', () => {
    expect(hashToView('#sort=colour&min=many&x=1')).toEqual(defaultView);
  });
});

describe('a click on a column', () => {
  it('sorts by it, and turns the order where it is sorted already', () => {
    expect(sortBy(defaultView, 'population')).toEqual({ sort: 'population', descending: false });
    expect(sortBy(defaultView, 'name')).toEqual({ sort: 'name', descending: false });
    expect(sortBy({ ...defaultView, sort: 'name' }, 'population')).toEqual({
      sort: 'population',
      descending: true,
    });
  });
});

describe('numbers of people', () => {
  it.each([
    ['1500', 1500],
    ['1,500,000', 1_500_000],
    ['1.5m', 1_500_000],
    [' 20 K ', 20_000],
    ['', undefined],
    ['-5', undefined],
    ['many', undefined],
  ])('reads %j as %s', (text, people) => {
    expect(toPeople(text)).toBe(people);
  });
});
