import { bus } from './bus.js';
import { clients } from './clients.js';
import { database } from './database.js';
import type { Fault } from './Fault.js';
import { links } from './links.js';
import { nodes } from './nodes.js';

/** Everything that can be done to a cluster. A new one is an entry in the table of its group. */
export const faults: readonly Fault[] = [...nodes, ...links, ...database, ...bus, ...clients];
