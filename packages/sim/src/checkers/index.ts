import type { Checker } from './Checker.js';
import { clock } from './clock.js';
import { convergence } from './convergence.js';
import { countedOnce } from './countedOnce.js';
import { durableAnswers, shownIsDurable } from './durableAnswers.js';
import { effectOnce } from './effectOnce.js';
import { fleeting } from './fleeting.js';
import { inMemory } from './inMemory.js';
import { judged } from './judged.js';
import { levels, neverSent } from './levels.js';
import { logs } from './logs.js';
import { monotonicReads } from './monotonicReads.js';
import { neverBack } from './neverBack.js';
import { nothingLost } from './nothingLost.js';
import { offsets } from './offsets.js';
import { permissions } from './permissions.js';
import { queries } from './queries.js';
import { rejections } from './rejections.js';
import { relics } from './relics.js';
import { removedStays } from './removedStays.js';
import { resumes } from './resumes.js';
import { staleWrites } from './staleWrites.js';
import { strangers } from './strangers.js';
import { visibleRows } from './visibleRows.js';
import { wholeTransactions } from './wholeTransactions.js';

/** Everything that must hold. */
export const checkers: readonly Checker[] = [
  durableAnswers,
  shownIsDurable,
  strangers,
  monotonicReads,
  logs,
  convergence,
  queries,
  visibleRows,
  permissions,
  nothingLost,
  rejections,
  effectOnce,
  wholeTransactions,
  judged,
  clock,
  levels,
  neverSent,
  resumes,
  neverBack,
  staleWrites,
  fleeting,
  removedStays,
  countedOnce,
  offsets,
  relics,
  inMemory,
];
