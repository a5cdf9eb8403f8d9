import type { PlantedBug } from '../PlantedBug.js';
import { answers } from './answers.js';
import { clock } from './clock.js';
import { cluster } from './cluster.js';
import { commits } from './commits.js';
import { dedup } from './dedup.js';
import { deletions } from './deletions.js';
import { device } from './device.js';
import { identity } from './identity.js';
import { judged } from './judged.js';
import { opLog } from './opLog.js';
import { permissions } from './permissions.js';
import { queries } from './queries.js';
import { repair } from './repair.js';
import { resume } from './resume.js';
import { rollback } from './rollback.js';
import { sync } from './sync.js';
import { tabs } from './tabs.js';
import { transactions } from './transactions.js';

/** Bugs that the simulator must find. A new one goes to the file of its area, a new area is a file and a line here. */
export const bugs: readonly PlantedBug[] = [
  ...answers,
  ...dedup,
  ...identity,
  ...clock,
  ...commits,
  ...device,
  ...opLog,
  ...transactions,
  ...judged,
  ...tabs,
  ...sync,
  ...queries,
  ...resume,
  ...deletions,
  ...rollback,
  ...repair,
  ...permissions,
  ...cluster,
];
