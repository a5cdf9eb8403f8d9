import type pg from 'pg';
import type { ClusterMap } from '../../../cluster/ports.js';
import type {
  MapChange,
  OwnershipBounds,
  OwnershipRequest,
  Replies,
} from '../../../engine/ownership/ports.js';
import { replyOf, statementOf } from '../cluster/clusterStatements.js';

export const ASKER_BOUNDS: OwnershipBounds = {
  leaseMs: 60_000,
  heartbeatMs: 15_000,
  fenceMs: 45_000,
  handOverMs: 20_000,
  retryMs: 100,
  handOvers: 16,
};

/** A node that asks the database by hand. */
export class Asker {
  readonly client: pg.Client;
  readonly name: string;
  readonly boot: string;
  #joins = 0;

  constructor(client: pg.Client, name: string, boot = `${name}1`) {
    this.client = client;
    this.name = name;
    this.boot = boot;
  }

  async ask<T extends OwnershipRequest['type']>(
    request: OwnershipRequest & { readonly type: T },
  ): Promise<Replies[T]> {
    const { name, boot } = this;
    const { text, values } = statementOf(
      request,
      { name, boot, address: `ws://${name}/cluster`, protocol: 1 },
      ASKER_BOUNDS,
    );
    const { rows } = await this.client.query(text, [...values]);
    // The answer has the type of the question.
    return replyOf(request, rows[0].reply).reply as Replies[T];
  }

  join = (state: 'JOINING' | 'ACTIVE' = 'JOINING', number = ++this.#joins) =>
    this.ask({ type: 'join', number, state });
  renew = () => this.ask({ type: 'renew', known: -1 });
  leave = () => this.ask({ type: 'leave' });
  state = (state: 'ACTIVE' | 'DRAINING') => this.ask({ type: 'state', state });
  propose = (version: number, changes: readonly MapChange[]) =>
    this.ask({ type: 'propose', version, changes });
  takeOver = ({ name, boot }: Asker, changes: readonly MapChange[]) =>
    this.ask({ type: 'takeOver', node: name, boot, changes });
  handOver = (target: string, grants: readonly (readonly [pid: number, epoch: number])[]) =>
    this.ask({
      type: 'handOver',
      target,
      pids: grants.map(([pid]) => pid),
      epochs: grants.map(([, epoch]) => epoch),
    });

  async active(): Promise<void> {
    await this.join();
    if (!(await this.state('ACTIVE'))) throw new Error(`${this.name} is not there any more`);
  }

  async map(): Promise<ClusterMap> {
    const reply = await this.renew();
    if (reply === 'gone' || reply.map === undefined) throw new Error(`${this.name} sees no map`);
    return reply.map;
  }
}
