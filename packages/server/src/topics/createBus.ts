import { type BusConfig, type BusSurroundings, createRedisBus } from '../bus/createRedisBus.js';
import { LocalBus } from './LocalBus.js';
import type { Bus, LogStore } from './ports.js';

/** The bus that the settings ask for. `log`: where a node that is alone keeps messages. */
export const createBus = (config: BusConfig, around: BusSurroundings, log: LogStore): Bus =>
  createRedisBus(config, around) ?? new LocalBus(log);
