import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../topics/ports.js';
import { EventPlaces } from './EventPlaces.js';

const NOWHERE: Position = { epoch: '', offset: 0 };
const position = fc.oneof(
  fc.constant(NOWHERE),
  fc.record({
    epoch: fc.oneof(
      fc.constantFrom('a', 'b', 'k7.q~2,%'),
      fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
    ),
    offset: fc.maxSafeNat(),
  }),
);
const steps = fc.array(fc.record({ at: fc.nat(4), position }), { maxLength: 40 });
const topics = ['a/1', 'b/2', 'c/3', 'd/4', 'e/5'];

describe('EventPlaces', () => {
  it('[SSE-21] an id gives back the place in each topic, whatever came before', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const places = new EventPlaces(topics);
        const model: (Position | undefined)[] = topics.map(() => undefined);
        for (const { at, position: place } of list) {
          places.set(at, place);
          model[at] = place.epoch === '' ? undefined : place;
          expect(EventPlaces.read(places.id, topics)).toEqual(model);
          expect(topics.map((_, index) => places.at(index))).toEqual(model);
        }
      }),
    );
  });

  it('[SSE-21] an id of one line of printable ASCII stays short: 12 characters for each topic of one epoch', () => {
    const many = Array.from({ length: 100 }, (_, at) => `stream/${at}`);
    const places = new EventPlaces(many);
    for (const at of many.keys()) places.set(at, { epoch: 'Zk3jd92m', offset: 3_597_000_000_000_000 + at });
    expect(places.id).toMatch(/^[!-~]+$/);
    expect(places.id.length).toBeLessThan(100 * 12 + 20);
  });

  it('[SSE-21] epochs that are over are not named any more', () => {
    const places = new EventPlaces(topics);
    for (let epoch = 0; epoch < 1_000; epoch++) places.set(epoch % 5, { epoch: `e${epoch}`, offset: epoch });
    expect(places.id.length).toBeLessThan(80);
  });

  it('[SSE-22] what is no id of these topics is known as such, and never throws', () => {
    const places = new EventPlaces(topics);
    places.set(0, { epoch: 'a', offset: 7 });
    const { id } = places;
    expect(EventPlaces.read(id, topics.slice(1))).toBe('foreign');
    expect(
      EventPlaces.read(
        id.replace(/^./, (mark) => (mark === 'x' ? 'y' : 'x')),
        topics,
      ),
    ).toBe('foreign');
    const print = id.slice(0, id.indexOf('.'));
    for (const wrong of [
      '',
      '7',
      `${print}.a`,
      `${print}.a.7,,`,
      `${print}.%zz.7,,,,`,
      `${print}.a.7~1,,,,`,
      `${print}.a.zzzzzzzzzzzz,,,,`,
      `${print}.a.7,,,,.`,
    ])
      expect([wrong, EventPlaces.read(wrong, topics)]).toEqual([wrong, 'foreign']);
    fc.assert(
      fc.property(fc.string(), (text) => {
        EventPlaces.read(`${print}.${text}`, topics);
      }),
    );
  });
});
