import { textCanary } from '../oracle/canaries.js';
import type { Rng } from '../rng.js';
import type { World } from '../World.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { SimValue, Write } from './Ledger.js';

/** One kind of thing that users do. A new one is a file of its own and a line in `actions`. */
export interface Action {
  /** Unique among actions; counted as `action <name>`. */
  readonly name: string;
  /** How often it is drawn beside the others. Each seed multiplies it by chance, or switches it off. */
  readonly weight: number;
  run(user: User): void;
}

const HOT_KEYS = ['a', 'b', 'c', '__proto__', 'ü{tag}', 'k{tag}'];

/** Somebody at one tab about to do one thing, with chance of their own: what they draw shifts nobody else's draws. */
export class User {
  readonly world: World;
  readonly realm: SimRealm;
  readonly rng: Rng;

  constructor(world: World, realm: SimRealm, rng: Rng) {
    this.world = world;
    this.realm = realm;
    this.rng = rng;
  }

  get engine(): SimRealm['engine'] {
    return this.realm.engine;
  }

  /** A key that many users fight for, or one that hardly anybody knows. */
  key(): string {
    return this.rng.chance(0.7) ? this.rng.pick(HOT_KEYS) : `cold-${this.rng.int(0, 200)}`;
  }

  /** A value that never was before, announced to the ledger: it may be shown before its write has a seq. */
  value(): SimValue {
    const id = this.world.ledger.nextId();
    // In the order in which stores may keep fields, for texts of values are compared.
    const value = { id, mark: textCanary(id), rank: this.rng.int(0, 9) };
    this.world.ledger.writing(value.id, this.realm);
    return value;
  }

  /** Notes a write in the ledger of the checkers. */
  wrote(write: Pick<Write, 'kind' | 'map' | 'key' | 'seq'> & Partial<Write>): void {
    this.world.ledger.add({ id: 0, takes: [], ...write, realm: this.realm });
  }

  /** B1 at the moment of the write: what was just written must be what is read. */
  mustRead(isRead: boolean, what: () => string): void {
    if (!isRead) this.world.fail(`B1: ${this.realm.device.name} ${what()}`);
  }
}
