import { describe, expect, it } from 'vitest';
import { topicsAsked } from './topicsAsked.js';

const asked = (query: string): readonly string[] => topicsAsked(new URLSearchParams(query));

describe('topicsAsked', () => {
  it.each([
    ['streams=1&streams=2', ['stream/1', 'stream/2']],
    ['streams=1,2', ['stream/1', 'stream/2']],
    ['streams=1', ['stream/1']],
    ['streams=2,1&streams=1', ['stream/1', 'stream/2']],
    ['topics=room/7&topics=news,prices', ['news', 'prices', 'room/7']],
    ['streams=1&topics=stream/1', ['stream/1']],
  ])('[SSE-2] [S001-3] %s', (query, topics) => {
    expect(asked(query)).toEqual(topics);
  });

  it.each([
    ['users=GABC', ['user/GABC']],
    ['users=a&users=b,c', ['user/a', 'user/b', 'user/c']],
    ['all=true', ['*']],
    ['all=false&users=a', ['user/a']],
    ['all=true&streams=1&users=a&topics=news', ['*', 'news']],
  ])('[SSE-2] [S001-4] %s', (query, topics) => {
    expect(asked(query)).toEqual(topics);
  });

  it.each([
    '',
    'all=false',
    'all=yes',
    'all=true&all=1',
    'streams=',
    'streams=1,,2',
    'streams=a%20b',
    'streams=a/b',
    'streams=*',
    'users=%00',
    `users=${'x'.repeat(129)}`,
    'topics=',
    'topics=a%0Ab',
    `topics=${'x'.repeat(257)}`,
    Array.from({ length: 101 }, (_, at) => `streams=${at}`).join('&'),
  ])('[SSE-2] [S001-19] %s is refused with 400', (query) => {
    expect(() => asked(query)).toThrow(
      expect.objectContaining({
        status: 400,
        body: expect.objectContaining({ code: 'EVENTS_INVALID', remedy: expect.any(String) }),
      }),
    );
  });
});
