import { clockJump, clockOfAnotherDecade, deviceCrash, tabCrash } from './devices.js';
import type { Fault } from './Fault.js';
import { hostileSender } from './hostileSender.js';
import { deviceOffline, halfOpen, linkStorm, reset } from './links.js';
import { longAbsence } from './longAbsence.js';
import { flushTrouble, policyChange, serverCrash } from './server.js';

/** Everything that may go wrong. */
export const faults: readonly Fault[] = [
  linkStorm,
  reset,
  halfOpen,
  deviceOffline,
  longAbsence,
  serverCrash,
  flushTrouble,
  policyChange,
  tabCrash,
  deviceCrash,
  clockJump,
  clockOfAnotherDecade,
  hostileSender,
];
