import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventParser, type ServerEvent } from './EventParser.js';

function read(pieces: readonly string[], lastId = ''): { events: ServerEvent[]; retries: number[] } {
  const events: ServerEvent[] = [];
  const retries: number[] = [];
  const parser = new EventParser(
    { event: (event) => events.push(event), retry: (ms) => retries.push(ms) },
    lastId,
  );
  for (const piece of pieces) parser.feed(piece);
  return { events, retries };
}

const token = fc.constantFrom(
  'data: a',
  'data:b',
  'data',
  'event: e',
  'id: 7',
  'id',
  ': c',
  'retry: 5',
  'x: y',
  '\r',
  '\n',
  '\r\n',
  '\n\n',
);

describe('EventParser', () => {
  it.each([
    ['data: a\n\n', [{ name: 'message', data: 'a', id: '' }]],
    [
      'data: a\r\rdata: b\r\n\r\n',
      [
        { name: 'message', data: 'a', id: '' },
        { name: 'message', data: 'b', id: '' },
      ],
    ],
    ['\uFEFFdata: a\n\n', [{ name: 'message', data: 'a', id: '' }]],
    ['data: a\ndata\ndata:  b\n\n', [{ name: 'message', data: 'a\n\n b', id: '' }]],
    [
      ': comment\nevent: e\nid: 1\ndata: a\n\ndata: b\n\n',
      [
        { name: 'e', data: 'a', id: '1' },
        { name: 'message', data: 'b', id: '1' },
      ],
    ],
    ['event: e\n\ndata: a\n\n', [{ name: 'message', data: 'a', id: '' }]],
    ['id: 1\n\ndata: a\n\n', [{ name: 'message', data: 'a', id: '1' }]],
    [
      'id: 1\nid: 2\0\ndata: a\n\nid\ndata: b\n\n',
      [
        { name: 'message', data: 'a', id: '1' },
        { name: 'message', data: 'b', id: '' },
      ],
    ],
    ['data: a\n', []],
  ])('[SSE-54] %j', (text, events) => {
    expect(read([text]).events).toEqual(events);
  });

  it('[SSE-54] a pause is a number, and the last id is that of the connection before', () => {
    expect(read(['retry: 12\nretry: soon\nretry: -1\ndata: a\n\n'], '9')).toEqual({
      events: [{ name: 'message', data: 'a', id: '9' }],
      retries: [12],
    });
  });

  it('[SSE-54] however the text is cut, the same is read', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), fc.array(fc.nat(400)), (tokens, cuts) => {
        const text = tokens.join('');
        const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((end, at) => text.slice(places[at], end));
        expect(read(pieces)).toEqual(read([text]));
      }),
    );
  });
});
