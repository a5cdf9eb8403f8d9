import { it } from 'vitest';
import { runSeeds } from './runSeeds.js';

it('[C1 C8 D1 D4 B1 B2 S4 T2] seeds 1 to 150 heal and agree', () => runSeeds(1, 150), 600_000);
