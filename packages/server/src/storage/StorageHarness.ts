import type { CommitGate } from './CommitGate.js';
import type { Store, StoreBoot } from './Store.js';

/** What the suite needs of a store: the means to open it again, and to stand between it and its disk. */
export interface StorageHarness {
  readonly gate: CommitGate;
  /** Opens what was stored so far; the suite closes a store before it opens the next. */
  open(): Promise<{ readonly store: Store; readonly boot: StoreBoot }>;
  dispose(): Promise<void>;
}
