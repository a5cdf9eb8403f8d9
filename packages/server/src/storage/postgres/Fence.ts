import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { serverError } from '../../errors.js';

/**
 * The right to write (STO-33): a row with a number, which every flush shows and holds shared until it is committed. Raising the number
 * waits for the flushes that run; those that come with the old one are void. So a server that was paused, or whose connection hangs
 * somewhere, writes nothing once another has taken over, and a flush of which nobody knows is settled by raising one's own.
 */
export class Fence {
  readonly name: string;
  /** this opening: who raised the number last */
  readonly #holder: string;
  #number = 0;

  /** `holder`: of a node of a cluster its boot, under which it joins */
  constructor(name: string, holder: string = randomUUID()) {
    this.name = name;
    this.#holder = holder;
  }

  /** The number that the node has been given with its membership; a raise of its own may have come after it, and be known already. */
  joined(number: number): void {
    this.#number = Math.max(this.#number, number);
  }

  get number(): number {
    return this.#number;
  }

  /** Takes it over from whoever had it. */
  async take(client: Pick<ClientBase, 'query'>): Promise<void> {
    const { rows } = await client.query(
      `insert into fences as f (name, number, holder) values ($1, 1, $2)
       on conflict (name) do update set number = f.number + 1, holder = excluded.holder, raised_at = clock_timestamp()
       returning number`,
      [this.name, this.#holder],
    );
    this.#number = rows[0].number;
  }

  /** Makes sure that no flush of ours is under way any more. Throws STORE_FENCED when it is ours no more. */
  async raise(client: Pick<ClientBase, 'query'>): Promise<void> {
    // By the holder, not the number: a raise whose answer was lost may have been done.
    const { rows } = await client.query(
      `update fences set number = number + 1, raised_at = clock_timestamp()
       where name = $1 and holder = $2 returning number`,
      [this.name, this.#holder],
    );
    if (rows[0] === undefined) throw this.#lost();
    this.#number = rows[0].number;
  }

  /** Throws STORE_FENCED when another has taken it over. */
  async check(client: Pick<ClientBase, 'query'>): Promise<void> {
    const { rows } = await client.query('select holder from fences where name = $1', [this.name]);
    if (rows[0]?.holder !== this.#holder) throw this.#lost();
  }

  #lost(): Error {
    return serverError('STORE_FENCED', `Another server has taken over the fence ${this.name}.`);
  }
}
