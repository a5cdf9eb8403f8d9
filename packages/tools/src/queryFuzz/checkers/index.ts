import type { Checker } from '../Checker.js';
import { aggregates } from './aggregates.js';
import { deviceEngine } from './deviceEngine.js';
import { freshRun } from './freshRun.js';
import { indexSet } from './indexSet.js';
import { liveWindow } from './liveWindow.js';
import { serverEngine } from './serverEngine.js';
import { standing } from './standing.js';

/** Every way that TopGun answers a query. */
export const checkers: readonly Checker[] = [
  freshRun,
  liveWindow,
  standing,
  indexSet,
  aggregates,
  serverEngine,
  deviceEngine,
];
