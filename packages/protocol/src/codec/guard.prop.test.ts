import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTurn } from '../device.js';
import { explainRefusal } from '../explainRefusal.js';
import { messageSchema } from '../schemas.js';
import { decode, encode, serialize } from '../serializer.js';
import { mutatedFrame } from '../testing/arbitraries.js';
import { sampleEntries } from '../testing/samples.js';
import { clusterLayouts } from './clusterLayouts.js';
import type { Candidate } from './fields.js';

/** What guards and schemas say of a frame of either side; undefined when it does not get as far as its fields. */
function verdicts(bytes: Uint8Array) {
  for (const side of ['client', 'server'] as const) {
    let candidate: Candidate | undefined;
    const decoded = decode(bytes, side, (refused) => {
      candidate = refused;
      return undefined;
    });
    // A device knows all messages of servers but the map of a cluster.
    if (side === 'server' && bytes[1] !== clusterLayouts.CLUSTER_MAP[0])
      expect(decodeTurn(bytes)).toEqual([decoded]);
    if (decoded.ok) candidate = decoded.message as unknown as Candidate;
    if (candidate === undefined) continue;
    const schema = messageSchema.safeParse(candidate).success;
    return { guard: decoded.ok, schema, explained: explainRefusal(candidate) === undefined };
  }
  return undefined;
}

describe('guards and schemas', () => {
  it('[WIRE-3] agree on every sample', () => {
    for (const [name, message] of sampleEntries) {
      expect([name, verdicts(encode(message))]).toEqual([
        name,
        { guard: true, schema: true, explained: true },
      ]);
    }
  });

  it('[WIRE-3] agree on every mutant of a good frame', () => {
    let admitted = 0;
    fc.assert(
      fc.property(mutatedFrame, (frame) => {
        const found = verdicts(serialize(frame));
        if (found === undefined) return;
        if (found.guard) admitted++;
        expect(found).toEqual({ guard: found.guard, schema: found.guard, explained: found.guard });
      }),
      { numRuns: 20_000 },
    );
    // mutants on both sides of the border
    expect(admitted).toBeGreaterThan(500);
  });
});
