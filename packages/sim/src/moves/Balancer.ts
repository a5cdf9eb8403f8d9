import type { ClusterNodes } from '../cluster/ClusterNodes.js';
import { Gateway } from '../clusterClient/Gateway.js';

const LOOK_MS = 200;

/** What stands before nodes for clients that know one address: each connection goes to the next node that says it is ready. Ends with `close`. */
export class Balancer {
  readonly #nodes: ClusterNodes;
  readonly #ready = new Set<number>();
  readonly #looking: NodeJS.Timeout;
  #gateway: Gateway | undefined;
  #turn = 0;

  private constructor(nodes: ClusterNodes) {
    this.#nodes = nodes;
    this.#looking = setInterval(() => void this.#look(), LOOK_MS);
  }

  static async before(nodes: ClusterNodes): Promise<Balancer> {
    const balancer = new Balancer(nodes);
    await balancer.#look();
    balancer.#gateway = await Gateway.among(() => balancer.#next());
    return balancer;
  }

  /** `ws://host:port` */
  get url(): string {
    return this.#gateway?.url ?? '';
  }

  close(): void {
    clearInterval(this.#looking);
    this.#gateway?.close();
  }

  #next(): number | undefined {
    const ready = [...this.#ready];
    const at = ready[this.#turn++ % ready.length];
    return at === undefined ? undefined : this.#nodes.portOf(at);
  }

  async #look(): Promise<void> {
    const look = async (at: number): Promise<void> => {
      if (await this.#nodes.isReady(at)) this.#ready.add(at);
      else this.#ready.delete(at);
    };
    await Promise.all(Array.from({ length: this.#nodes.count }, (_, at) => look(at)));
  }
}
