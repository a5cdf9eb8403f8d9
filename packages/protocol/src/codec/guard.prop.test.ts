import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainRefusal, messageSchema } from '../schemas.js';
import { deserialize, serialize } from '../serializer.js';
import { mutatedFrame } from '../testing/arbitraries.js';
import { sampleEntries } from '../testing/samples.js';
import type { Candidate } from './fields.js';
import { fromFrame } from './fields.js';
import { isMessage } from './guard.js';

function verdicts(candidate: Candidate) {
  const guard = isMessage(candidate);
  const schema = messageSchema.safeParse(candidate).success;
  const explained = explainRefusal(candidate) === undefined;
  return { guard, schema, explained };
}

describe('guards and schemas', () => {
  it('[WIRE-3] agree on every sample', () => {
    for (const [name, message] of sampleEntries) {
      expect([name, verdicts(message as unknown as Candidate)]).toEqual([
        name,
        { guard: true, schema: true, explained: true },
      ]);
    }
  });

  it('[WIRE-3] agree on every mutant of a good frame', () => {
    let admitted = 0;
    fc.assert(
      fc.property(mutatedFrame, (frame) => {
        const read = fromFrame(deserialize(serialize(frame)) as unknown[]);
        if (!read.known || read.candidate === undefined) return;
        const { guard, schema, explained } = verdicts(read.candidate);
        if (guard) admitted++;
        expect({ schema, explained }).toEqual({ schema: guard, explained: guard });
      }),
      { numRuns: 20_000 },
    );
    // mutants on both sides of the border
    expect(admitted).toBeGreaterThan(500);
  });
});
