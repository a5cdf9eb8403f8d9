import { type AddressInfo, createServer, type Server } from 'node:net';
import { means, type Rule } from './Effect.js';
import { Way, type WayParts } from './Way.js';

/**
 * The network between processes of this machine: TCP connections through this process, each to be cut, held, slowed down or halved by the pair of
 * places that it joins. No rights of the system are needed, and nothing outside sees anything of it.
 *
 * Whoever listens gets a port for each kind of dialler. Where those are told apart by their names, the first of them in what a dialler says is taken for it: nodes say
 * theirs in the handshake of a link, and as the user of a database or of Redis. What was said before is carried.
 */
export class FaultNet {
  readonly #random: () => number;
  readonly #servers: Server[] = [];
  readonly #ways = new Set<Way>();
  readonly #rules = new Set<Rule>();

  /** `random`: numbers from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A port that leads to a place; `dialler`: who comes there, or the names of those who may. */
  async open(to: string, port: number, dialler: WayParts['dialler']): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (from) => {
      const way: Way = new Way({
        from,
        to,
        port,
        dialler,
        random: this.#random,
        onName: () => way.judge(this.#rules),
      });
      this.#ways.add(way);
      way.onOver(() => this.#ways.delete(way));
      way.judge(this.#rules);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    // It listens on TCP.
    return (server.address() as AddressInfo).port;
  }

  /** The rule holds until what is returned is called. */
  lay(rule: Rule): () => void {
    if (rule.effect.type === 'half') for (const way of this.#ways) way.halve(rule);
    this.#rules.add(rule);
    this.#judge();
    return () => {
      if (!this.#rules.delete(rule)) return;
      for (const way of this.#ways)
        if (rule.endsReset === true ? this.#isTouched(way, rule) : rule.effect.type === 'half' && way.isHalf)
          way.reset();
      this.#judge();
    };
  }

  /** Connections between two places now, whoever dialled. */
  count(one: string, other: string): number {
    return this.#between(one, other).length;
  }

  /** Bytes that one place has said to another, and that have not arrived. */
  keptBytes(from: string, to: string): number {
    return this.#between(from, to).reduce((sum, way) => sum + (way.laneOf(from, to)?.keptBytes ?? 0), 0);
  }

  /** Whether a text is among them. */
  keeps(from: string, to: string, text: string): boolean {
    return this.#between(from, to).some((way) => way.laneOf(from, to)?.keeps(text) === true);
  }

  async close(): Promise<void> {
    for (const way of this.#ways) way.reset();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #judge(): void {
    for (const way of this.#ways) way.judge(this.#rules);
  }

  #between(one: string, other: string): readonly Way[] {
    const rule: Rule = { between: [one, other], direction: 'both', effect: { type: 'hold' } };
    return [...this.#ways].filter((way) => this.#isTouched(way, rule));
  }

  #isTouched({ dialler, to }: Way, rule: Rule): boolean {
    return dialler !== undefined && (means(rule, dialler, to) || means(rule, to, dialler));
  }
}
