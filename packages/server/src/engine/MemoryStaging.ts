import type { CommitBatch } from '../storage/Store.js';
import type { EngineLimits } from './EngineLimits.js';
import type { ServerEffects } from './ports.js';
import type { RecordTable } from './RecordTable.js';
import { Staging, type StagingPorts } from './Staging.js';

/** Staging of the maps that memory alone keeps (SRV-10): what is staged in a turn is committed at its end. */
export class MemoryStaging extends Staging {
  readonly #commits: MemoryCommits;

  constructor(table: RecordTable, limits: EngineLimits, ports: Omit<StagingPorts, 'metaFor'>) {
    const commits = new MemoryCommits();
    const atOnce = { ...limits, flushDelayMs: 0 };
    super(commits, table, table.volatile, atOnce, { ...ports, metaFor: () => undefined });
    this.#commits = commits;
  }

  override tick(now: number): void {
    super.tick(now);
    const done = this.#commits.take();
    if (done !== undefined) this.committed(done, 'committed');
  }
}

/** Stands for the store where nothing is stored: every commit succeeds as soon as the turn can take its result. */
class MemoryCommits implements Pick<ServerEffects, 'commit' | 'readDedup' | 'arm'> {
  #due: number | undefined;

  commit(id: number, _batch: CommitBatch): void {
    this.#due = id;
  }

  /** The commit that is done by now; undefined when there is none. */
  take(): number | undefined {
    const id = this.#due;
    this.#due = undefined;
    return id;
  }

  readDedup(): void {
    // No result is ever unknown.
  }

  arm(): void {
    // Nothing is waited for.
  }
}
