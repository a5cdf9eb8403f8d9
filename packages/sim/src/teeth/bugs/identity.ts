import { Rng } from '../../rng.js';
import type { Device } from '../../world/SimRealm.js';
import { SimRealm } from '../../world/SimRealm.js';
import type { PlantedBug } from '../PlantedBug.js';

/** Ids that must never name two things. */
export const identity: readonly PlantedBug[] = [
  {
    name: 'seq reused after a lost relaxed commit',
    plant: () => plantSessions((device) => `${device.name}/${device.realms.length}`),
  },
  {
    name: 'two tabs with one node id',
    plant: () => plantSessions((device) => `${device.name}/${device.disk.commitNumber}`),
  },
];

const SESSION_CHARS = 11;

/** Makes realms of the same name draw the same session, instead of one from chance. */
function plantSessions(nameOf: (device: Device) => string): () => void {
  const before = SimRealm.randomFor;
  SimRealm.randomFor = (device, rng) => {
    let seed = 7;
    for (const char of nameOf(device)) seed = (Math.imul(seed, 31) + char.charCodeAt(0)) >>> 0;
    const fixed = new Rng(seed);
    let drawn = 0;
    return () => (drawn++ < SESSION_CHARS ? fixed.u32() : rng.u32());
  };
  return () => {
    SimRealm.randomFor = before;
  };
}
