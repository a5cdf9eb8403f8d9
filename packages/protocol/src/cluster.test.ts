import { describe, expect, it } from 'vitest';
import { clusterSubFrame, keysOfOps, takeMaps, versionOfAck } from './cluster.js';
import { decodeTurn } from './device.js';
import type { Message } from './messages/types.js';
import { decode, encode } from './serializer.js';
import { sampleEntries, samples } from './testing/samples.js';

const join = (...messages: readonly Message[]): Uint8Array =>
  Uint8Array.from(messages.flatMap((message) => [...encode(message)]));
const { CLUSTER_MAP: map, PONG: pong, AUTH_ACK: ack } = samples;

describe('the codec of clients that know of clusters', () => {
  it('[WIRE-2] asks as the codec of servers reads it', () => {
    expect(decode(clusterSubFrame(300), 'client')).toEqual({
      ok: true,
      message: { type: 'CLUSTER_SUB', req: 300 },
    });
  });

  it('[CCL-1] takes maps off the front of a turn, and leaves the rest as it is', () => {
    expect(takeMaps(join(map))).toEqual({ maps: [map], rest: undefined });
    expect(takeMaps(join(map, map, pong, pong))).toEqual({ maps: [map, map], rest: join(pong, pong) });
    expect(takeMaps(join(pong))).toEqual({ maps: [], rest: join(pong) });
  });

  it('[CCL-1] a map that cannot be read is left out, and bytes that are none are left to the client', () => {
    const frame = encode({ ...map, owners: [1] });
    expect(takeMaps(Uint8Array.of(...frame, ...encode(pong)))).toEqual({ maps: [], rest: join(pong) });
    const cut = join(map).subarray(0, 20);
    expect(takeMaps(cut)).toEqual({ maps: [], rest: cut });
    expect(takeMaps(new Uint8Array())).toEqual({ maps: [], rest: undefined });
  });

  it('[WIRE-10] a device that has not asked does not know the map', () => {
    expect(decodeTurn(join(map))).toEqual([{ ok: false, code: 'UNKNOWN_TYPE' }]);
  });

  it('reads the version of an AUTH_ACK, and nothing else has one', () => {
    for (const [, message] of sampleEntries)
      expect(versionOfAck(encode(message).slice())).toBe(
        message.type === 'AUTH_ACK' ? ack.version : undefined,
      );
    expect(versionOfAck(join(ack).subarray(0, 3))).toBeUndefined();
  });

  it('finds the keys that ops write to', () => {
    for (const [, message] of sampleEntries)
      expect(keysOfOps(encode(message).slice())).toEqual(
        message.type === 'OPS' ? message.rows.map((row) => row[3]) : [],
      );
  });
});
