import { describe, expect, it } from 'vitest';
import { encodeRequest, readReply } from './ntpPacket.js';
import { type ReplyParts, replyTo } from './testing/FakeNtpServer.js';

const NONCE = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
const NOW = 1_790_000_000_123;
const read = (parts: ReplyParts) => readReply(replyTo(encodeRequest(NONCE), NOW, parts), NONCE);

describe('packets of SNTP', () => {
  it('[NTP-1] a request says version 4, client, and nothing of this machine but the nonce', () => {
    const request = encodeRequest(NONCE);
    expect([request.length, request[0]]).toEqual([48, 0x23]);
    expect([...request.subarray(1, 40)].every((byte) => byte === 0)).toBe(true);
    expect(request.subarray(40)).toEqual(NONCE);
  });

  it('[NTP-1] a reply says when the request came and when it went, and how far it may be off', () => {
    const reply = read({ receivedMs: NOW, sentMs: NOW + 4, rootDelayMs: 20 });
    if ('fault' in reply) throw new Error(reply.reason);
    expect(Math.abs(reply.receivedMs - NOW)).toBeLessThan(0.001);
    expect(Math.abs(reply.sentMs - NOW - 4)).toBeLessThan(0.001);
    expect(Math.round(reply.distanceMs)).toBe(10);
  });

  it('[NTP-1] times go on after February 2036', () => {
    const late = Date.UTC(2040, 0, 1);
    expect(read({ receivedMs: late, sentMs: late })).toMatchObject({ receivedMs: late, sentMs: late });
  });

  it('[NTP-2] what is no answer to the request is foreign', () => {
    const good = replyTo(encodeRequest(NONCE), NOW);
    for (const bytes of [
      good.subarray(0, 47),
      new Uint8Array(0),
      new Uint8Array(48),
      replyTo(encodeRequest(NONCE), NOW, { mode: 3 }),
      replyTo(encodeRequest(NONCE), NOW, { origin: Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 1) }),
      encodeRequest(NONCE),
    ])
      expect(readReply(bytes, NONCE)).toMatchObject({ fault: 'foreign' });
  });

  it('[NTP-2] a server that does not know the time, or may be far off, is not fit', () => {
    const parts: readonly ReplyParts[] = [
      { leap: 3 },
      { stratum: 16 },
      { rootDelayMs: 3_100 },
      { receivedMs: 0 },
      { sentMs: 0 },
      { receivedMs: NOW, sentMs: NOW - 1 },
    ];
    for (const part of parts) expect(read(part)).toMatchObject({ fault: 'unfit' });
    for (const leap of [1, 2]) expect(read({ leap })).not.toHaveProperty('fault');
  });

  it('[NTP-2] stratum 0 is a kiss of death with its code, also from a server without time', () => {
    expect(read({ stratum: 0, kiss: 'RATE', leap: 3, sentMs: 0 })).toEqual({ fault: 'kiss', reason: 'RATE' });
  });
});
