import { answers } from './answers.js';
import { clusters } from './cluster.js';
import { devices } from './devices.js';
import type { Observer, Point } from './Observer.js';
import { repairs } from './repairs.js';
import { sync } from './sync.js';

export const observers: readonly Observer[] = [answers, devices, sync, repairs, clusters];

/** All points that are watched for. */
export const points: readonly Point[] = observers.flatMap((observer) => observer.points);
