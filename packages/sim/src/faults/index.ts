import { clockJump, clockOfAnotherDecade, deviceCrash, tabCrash } from './devices.js';
import { diskFull } from './diskFull.js';
import type { Fault } from './Fault.js';
import { hostileSender } from './hostileSender.js';
import { deviceOffline, halfOpen, linkStorm, reset } from './links.js';
import { flushTrouble, policyChange, serverCrash } from './server.js';

/** Everything that may go wrong. */
export const faults: readonly Fault[] = [
  linkStorm,
  reset,
  halfOpen,
  deviceOffline,
  serverCrash,
  flushTrouble,
  policyChange,
  tabCrash,
  deviceCrash,
  clockJump,
  clockOfAnotherDecade,
  hostileSender,
  diskFull,
];
