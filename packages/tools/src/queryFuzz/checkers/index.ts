import type { Checker } from '../Checker.js';
import { freshRun } from './freshRun.js';
import { liveWindow } from './liveWindow.js';
import { standing } from './standing.js';

/** Every way that TopGun answers a query. */
export const checkers: readonly Checker[] = [freshRun, liveWindow, standing];
