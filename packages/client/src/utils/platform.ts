import type { ClientClock, RandomUint32 } from '../engine/ports.js';

/** The clocks of the platform. */
export const platformClock: ClientClock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
};

/** 32 bits from the platform's cryptographic source. */
export const platformRandom: RandomUint32 = () => {
  const word = new Uint32Array(1);
  crypto.getRandomValues(word);
  return word[0] as number;
};
