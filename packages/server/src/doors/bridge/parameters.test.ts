import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BridgeRefusal } from './BridgeRefusal.js';
import { clientIdFault, mailboxOf } from './clientId.js';
import { readEvents, readMessage, readVerify } from './parameters.js';
import { traceIdOf } from './traceId.js';

const ID = 'a'.repeat(64);
const OTHER = 'B1'.repeat(32);
const NOW = Date.UTC(2026, 0, 1);
const query = (text: string): URLSearchParams => new URLSearchParams(text);

function refused(read: () => unknown): { readonly status: number; readonly text: string } {
  try {
    read();
  } catch (error) {
    if (error instanceof BridgeRefusal) return { status: error.status, text: error.message };
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('GET events', () => {
  it.each([
    ['', undefined, 'param "client_id" not present'],
    [
      'client_id=abc',
      undefined,
      'param "client_id" must be a valid public address, error: public address must be 64 characters long',
    ],
    [
      `client_id=${ID},`,
      undefined,
      'param "client_id" must be a valid public address, error: public address must be 64 characters long',
    ],
    [
      `client_id=${'g'.repeat(64)}`,
      undefined,
      'param "client_id" must be a valid public address, error: public address must be a valid hex string',
    ],
    [`client_id=${ID}`, 'soon', 'Last-Event-ID should be int'],
    [`client_id=${ID}`, '1.5', 'Last-Event-ID should be int'],
    [`client_id=${ID}`, '9223372036854775808', 'Last-Event-ID should be int'],
    [`client_id=${ID}&last_event_id=`, undefined, 'last_event_id should be int'],
    [`client_id=${ID}&last_event_id=x`, '0', 'last_event_id should be int'],
    [`client_id=${ID}&heartbeat=fast`, undefined, 'invalid heartbeat type. Supported: legacy and message'],
  ])('[BRG-2] [BRG-10] [BRG-11] [BRG-12] refuses "%s" with Last-Event-ID %s', (text, header, expected) => {
    expect(refused(() => readEvents(query(text), header, NOW))).toEqual({ status: 400, text: expected });
  });

  it('[BRG-10] takes one client id, and several in either case', () => {
    expect(readEvents(query(`client_id=${ID},${OTHER}`), undefined, NOW)).toMatchObject({
      clientIds: [ID, OTHER],
      place: 0,
      heartbeat: 'legacy',
      tellsQueueDone: false,
    });
    expect(mailboxOf(OTHER)).toBe(`mailbox/${'b1'.repeat(32)}`);
  });

  it.each([
    ['', undefined, 0],
    ['', '0', 0],
    ['', '', 0],
    ['last_event_id=17', undefined, 17],
    ['last_event_id=17', '0', 17],
    ['last_event_id=17', '18', 18],
    ['last_event_id=garbage', '18', 18],
    ['last_event_id=-17', undefined, 0],
    ['last_event_id=%2B17', undefined, 17],
    ['last_event_id=9223372036854775807', undefined, Number.MAX_SAFE_INTEGER],
  ])('[BRG-11] begins of "%s" with the header %s after %d', (text, header, place) => {
    expect(readEvents(query(`client_id=${ID}&${text}`), header, NOW).place).toBe(place);
  });

  it('[BRG-12] [BRG-15] knows both heartbeats, and who wants to hear of the end of the replay', () => {
    const asked = readEvents(
      query(`client_id=${ID}&heartbeat=message&enable_queue_done_event=True`),
      undefined,
      NOW,
    );
    expect(asked).toMatchObject({ heartbeat: 'message', tellsQueueDone: true });
  });
});

describe('POST message', () => {
  const good = `client_id=${ID}&to=${OTHER}&ttl=300`;

  it.each([
    ['', 'param "client_id" not present'],
    ['client_id=1', 'failed to parse the "client_id" address: public address must be 64 characters long'],
    [
      `client_id=${'x'.repeat(64)}`,
      'failed to parse the "client_id" address: public address must be a valid hex string',
    ],
    [`client_id=${ID}`, 'param "to" not present'],
    [`client_id=${ID}&to=1`, 'failed to parse the "to" address: public address must be 64 characters long'],
    [`client_id=${ID}&to=${OTHER}`, 'param "ttl" not present'],
    [`client_id=${ID}&to=${OTHER}&ttl=`, 'param "ttl" is not an integer'],
    [`client_id=${ID}&to=${OTHER}&ttl=1.5`, 'param "ttl" is not an integer'],
    [`client_id=${ID}&to=${OTHER}&ttl=301`, 'param "ttl" too high'],
    [`client_id=${ID}&to=${OTHER}&ttl=-1`, 'param "ttl" must not be negative'],
  ])('[BRG-2] [BRG-21] refuses "%s"', (text, expected) => {
    expect(refused(() => readMessage(query(text), 300, NOW))).toEqual({ status: 400, text: expected });
  });

  it('[BRG-2] [BRG-21] takes the first of a parameter that is given twice', () => {
    expect(readMessage(query(`${good}&ttl=1&topic=sendTransaction`), 300, NOW)).toMatchObject({
      from: ID,
      to: OTHER,
      ttlS: 300,
      topic: 'sendTransaction',
    });
    expect(readMessage(query(`${good}`), 300, NOW).topic).toBeUndefined();
  });
});

describe('POST verify', () => {
  const none = Buffer.alloc(0);

  it('[BRG-28] reads a JSON body, of which only texts count, and else the query', () => {
    const body = Buffer.from(JSON.stringify({ client_id: ID, url: 'https://a.example', type: 7 }));
    const inBody = readVerify(query('client_id=other&url=other'), 'application/json; charset=utf-8', body);
    expect(inBody).toEqual({ clientId: ID, url: 'https://a.example' });
    const inQuery = { clientId: ID, url: 'u' };
    for (const content of [none, Buffer.from('{'), Buffer.from('{"client_id":1}'), Buffer.from('[]')])
      expect(readVerify(query(`client_id=${ID}&url=u&type=Connect`), 'application/json', content)).toEqual(
        inQuery,
      );
    expect(readVerify(query(`client_id=${ID}&url=u`), 'text/plain', body)).toEqual(inQuery);
  });

  it.each([
    ['', 'param "client_id" not present'],
    ['client_id=', 'param "client_id" not present'],
    ['client_id=a', 'param "url" not present'],
    ['client_id=a&url=b&type=message', 'param "type" must be: connect'],
  ])('[BRG-2] [BRG-28] refuses "%s"', (text, expected) => {
    expect(refused(() => readVerify(query(text), '', none))).toEqual({ status: 400, text: expected });
  });
});

describe('ids', () => {
  it('[BRG-10] 64 hexadecimal digits are a client id, and nothing else is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0aFgé '), minLength: 62, maxLength: 66 }), (text) => {
        const trimmed = text.trim();
        const isId = trimmed.length === 64 && [...trimmed].every((digit) => '0aF'.includes(digit));
        expect(clientIdFault(text) === undefined).toBe(isId);
      }),
    );
  });

  it('[BRG-4] a given UUID is kept, anything else becomes one of version 7', () => {
    const uuid = '0190b5a0-7b3e-4b6e-9d5c-0123456789ab';
    expect(traceIdOf(uuid.toUpperCase(), NOW)).toBe(uuid);
    expect(traceIdOf(uuid.replaceAll('-', ''), NOW)).toBe(uuid);
    const v7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    for (const text of [null, '', 'unknown', `${uuid}0`, uuid.replace('-', '')]) {
      const made = traceIdOf(text, NOW);
      expect(made).toMatch(v7);
      expect(Number.parseInt(made.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW);
    }
    expect(traceIdOf(null, NOW)).not.toBe(traceIdOf(null, NOW));
  });
});
