import { pino } from 'pino';
import { type LinkedNode, LinkedNodes } from '../../../cluster/links/testing/LinkedNodes.js';
import type { DatabaseAddress } from '../../../storage/postgres/databaseUrl.js';
import { until } from '../../../storage/postgres/testing/testDatabases.js';
import { PostgresLog } from '../../../topics/log/PostgresLog.js';
import type { Bus, BusListener } from '../../../topics/ports.js';
import type { BusHarness } from '../../testing/describeBus.js';
import { LinkBus } from '../LinkBus.js';

/** Nodes over one PostgreSQL, with real links that can be cut. */
export class JoinedLinks implements BusHarness {
  readonly nodes = new LinkedNodes();
  readonly #address: DatabaseAddress;
  readonly #isLogged: (topic: string) => boolean;

  constructor(address: DatabaseAddress, isLogged: (topic: string) => boolean = () => true) {
    this.#address = address;
    this.#isLogged = isLogged;
  }

  /** Links it to those that are there, when it is opened. `at`: another way to the same database. */
  bus(nodeId: string, at = this.#address): Bus {
    return new OpeningBus(nodeId, this, at, this.#isLogged);
  }

  /** The links of a node that has been opened. */
  node(nodeId: string): LinkedNode {
    const node = this.nodes.all.find(({ name }) => name === nodeId);
    if (node === undefined) throw new Error(`${nodeId} is not open`);
    return node;
  }

  dispose(): Promise<void> {
    return this.nodes.stop();
  }
}

/** The bus of a node that comes into being with its links and its log. */
class OpeningBus implements Bus {
  readonly #nodeId: string;
  readonly #home: JoinedLinks;
  readonly #log: PostgresLog;
  readonly #isLogged: (topic: string) => boolean;
  #bus: LinkBus | undefined;

  constructor(
    nodeId: string,
    home: JoinedLinks,
    address: DatabaseAddress,
    isLogged: (topic: string) => boolean,
  ) {
    this.#nodeId = nodeId;
    this.#home = home;
    this.#isLogged = isLogged;
    this.#log = new PostgresLog({ address, monoMs: () => performance.now() });
  }

  async open(listener: BusListener): Promise<void> {
    const { nodes } = this.#home;
    await this.#log.open();
    const { links } = await nodes.start(this.#nodeId);
    this.#bus = new LinkBus({
      links,
      log: this.#log,
      isLogged: this.#isLogged,
      logger: pino({ level: 'silent' }),
      wallMs: () => Date.now(),
      monoMs: () => performance.now(),
    });
    await this.#bus.open(listener);
    nodes.introduce(...nodes.all);
    await until(() => nodes.all.every((node) => node.links.up.size === nodes.all.length - 1));
  }

  get status(): 'ok' | 'degraded' {
    return this.#opened.status;
  }

  readonly listen: Bus['listen'] = (topic) => this.#opened.listen(topic);
  readonly unlisten: Bus['unlisten'] = (topic) => this.#opened.unlisten(topic);
  readonly send: Bus['send'] = (draft) => this.#opened.send(draft);
  readonly append: Bus['append'] = (draft, retention) => this.#opened.append(draft, retention);
  readonly read: Bus['read'] = (topic, after, limit) => this.#opened.read(topic, after, limit);

  async close(): Promise<void> {
    await this.#bus?.close();
    await this.#log.close();
  }

  get #opened(): LinkBus {
    if (this.#bus === undefined) throw new Error('the bus is not open');
    return this.#bus;
  }
}
