import type { Accounts } from './Accounts.js';
import type { EngineLimits } from './EngineLimits.js';
import { mapOf, type Op } from './Op.js';
import type { RecordTable } from './RecordTable.js';
import type { Tally } from './Tally.js';

/** Counting the maps of a full node takes a millisecond. */
const RECOUNT_MS = 1_000;

/** Who may begin maps: each is kept in memory and in the store for good (LMT-8). */
export class MapQuota {
  readonly #table: RecordTable;
  readonly #mapsMax: number;
  readonly #accounts: Accounts;
  readonly #tally: Tally;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #counted = 0;

  constructor(
    table: RecordTable,
    accounts: Accounts,
    { mapsPerNode }: Pick<EngineLimits, 'mapsPerNode'>,
    tally: Tally,
  ) {
    this.#table = table;
    this.#mapsMax = mapsPerNode;
    this.#accounts = accounts;
    this.#tally = tally;
  }

  /** Why an op may not begin the maps that it is the first to write to; undefined when it may, and then they are counted. */
  refuses(op: Op, now: number): 'LIMIT' | 'RATE' | undefined {
    const begun = this.#begunBy(op);
    if (begun === 0) return undefined;
    if (!this.#hasRoom(begun, now)) {
      this.#tally.hit('mapsPerNode');
      return 'LIMIT';
    }
    if (this.#accounts.of(op.conn)?.newMaps.take(begun, now)) return 'RATE';
    this.#counted += begun;
    return undefined;
  }

  #begunBy(op: Op): number {
    if (op.writeCount === 1) return this.#isNew(mapOf(op, op.writeAt(0).mapIdx)) ? 1 : 0;
    const names = new Set<string>();
    for (let at = 0; at < op.writeCount; at++) names.add(mapOf(op, op.writeAt(at).mapIdx));
    return [...names].filter((name) => this.#isNew(name)).length;
  }

  #isNew(name: string): boolean {
    return this.#table.map(name)?.kind === undefined;
  }

  /** Names that are only followed are in the table too, and gone when nobody follows them: they must not keep others out. */
  #hasRoom(begun: number, now: number): boolean {
    if (this.#table.mapCount + begun <= this.#mapsMax) return true;
    if (Math.abs(now - this.#countedAtMs) >= RECOUNT_MS) {
      this.#countedAtMs = now;
      this.#counted = this.#table.countBegun();
    }
    return this.#counted + begun <= this.#mapsMax;
  }
}
