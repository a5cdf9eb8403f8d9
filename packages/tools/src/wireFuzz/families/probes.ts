import type { Rng } from '@topgun/sim/internal/rng';
import type { Area, Around, Expected, Family, Probe, Settles } from '../Family.js';
import { frameOf } from '../link/frameOf.js';

type Make<T> = (rng: Rng, around: Around) => T;

const PONG: Settles = { ops: 0 };

export const family = (area: Area, name: string, expected: Expected, make: Make<Probe>): Family => ({
  area,
  name,
  expected,
  make,
});

/** Of an authenticated client: one frame with this payload. */
export const said = (area: Area, name: string, expected: Expected, make: Make<Uint8Array>): Family =>
  family(area, name, expected, (rng, around) => clientSays(expected, make(rng, around)));

export function clientSays(expected: Expected, ...payloads: readonly Uint8Array[]): Probe {
  const bytes = Buffer.concat(payloads.map((payload) => frameOf(payload)));
  return { kind: 'client', bytes, settles: expected.close === undefined ? PONG : 'close' };
}

/** Of an authenticated client: WebSocket bytes as they are. */
export const wired = (name: string, expected: Expected, make: Make<Uint8Array>): Family =>
  family('frames', name, expected, (rng, around) => ({
    kind: 'client',
    bytes: make(rng, around),
    settles: expected.close === undefined ? PONG : 'close',
  }));

/** Of somebody whom the server does not know yet: payloads, each in a frame. */
export const strange = (
  area: Area,
  name: string,
  expected: Expected,
  make: Make<readonly Uint8Array[]>,
): Family =>
  family(area, name, expected, (rng, around) => ({
    kind: 'stranger',
    bytes: Buffer.concat(make(rng, around).map((payload) => frameOf(payload))),
    settles: expected.close === undefined ? 'auth' : 'close',
  }));

/** Over HTTP, on a connection of its own. */
export const asked = (
  area: Area,
  name: string,
  status: readonly number[],
  make: Make<string | Buffer>,
): Family =>
  family(
    area,
    name,
    { rule: status.every((one) => one < 400) ? 'accepted' : 'E11', status },
    (rng, around) => ({
      kind: 'http',
      pieces: [Buffer.from(make(rng, around) as string, 'latin1')],
    }),
  );
