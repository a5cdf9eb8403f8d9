import { it } from 'vitest';
import { runSeeds } from './runSeeds.js';

it('[C1 C8 D1 D4 B1 B2 S4 T2] seeds 151 to 300 heal and agree', () => runSeeds(151, 150), 600_000);
