import { Adder } from '../cluster/Adder.js';
import { ClusterNodes } from '../cluster/ClusterNodes.js';
import { judgeNodes } from '../cluster/judgeNodes.js';
import { areWhole } from '../cluster/ownAll.js';
import { answersAfter } from '../crash/harness.js';
import { Writer } from '../crash/Writer.js';
import type { Rng } from '../rng.js';
import { until } from '../rolling/until.js';
import { judgeTopics, type TopicPlace } from './judgeTopics.js';
import { Listener } from './Listener.js';
import { Sleeper } from './Sleeper.js';
import { TopicLoad } from './TopicLoad.js';

const NODES = 3;
const WRITERS_PER_NODE = 2;
const KEYS_PER_CLIENT = 50;
const OUTSTANDING = 10;
const ADD_EVERY_MS = 50;
/** accepted before the end of everything */
const MESSAGES = 20;
/** The leases of those that were killed have to end, and a busy machine takes its time. */
const WHOLE_MS = 60_000;
const LISTENING_MS = 30_000;

/** A cluster, its clients, and the end of all of its processes at once. Ends with `close`. */
export class Disaster {
  readonly faults: string[] = [];
  readonly #place: TopicPlace;
  readonly #nodes: ClusterNodes;
  readonly #writers: readonly Writer[];
  readonly #adders: readonly Adder[];
  readonly #listeners: readonly Listener[];
  readonly #sleeper: Sleeper;
  readonly #load: TopicLoad;
  /** from the order to start until all was owned again, at most */
  wholeMs = 0;

  private constructor(place: TopicPlace, nodes: ClusterNodes) {
    this.#place = place;
    this.#nodes = nodes;
    const all = this.#all;
    const { token } = nodes;
    this.#writers = all.flatMap((at) =>
      Array.from(
        { length: WRITERS_PER_NODE },
        (_, nth) => new Writer(nodes.url(at), token, `w${at}-${nth}`, KEYS_PER_CLIENT),
      ),
    );
    this.#adders = all.map((at) => new Adder(nodes.url(at), token, `${at}`));
    this.#listeners = all.map((at) => new Listener(nodes.url(at), token, `l${at}`));
    this.#sleeper = new Sleeper(nodes.url(0), token);
    this.#load = new TopicLoad(nodes);
  }

  static async open(place: TopicPlace): Promise<Disaster> {
    const settings = place === 'redis' ? { redis: true, flags: ['--mailboxes', 'embedded'] } : {};
    return new Disaster(place, await ClusterNodes.open(NODES, settings));
  }

  get figures(): { readonly writes: number; readonly additions: number; readonly messages: number } {
    return {
      writes: this.#writers.reduce((sum, { acknowledgements }) => sum + acknowledgements, 0),
      additions: this.#adders.reduce((sum, { added }) => sum + added, 0),
      messages: this.#load.accepted.length,
    };
  }

  /** Load, the end of everything in the middle of it, everything again, and a look at all that was promised. */
  async round(round: number, rng: Rng): Promise<void> {
    const topics = TopicLoad.topicsOf(round);
    await this.#whole();
    for (const listener of this.#listeners) listener.listen(topics);
    await this.#listening(topics);
    await this.#sleeper.wake();
    for (const writer of this.#writers) writer.start(OUTSTANDING);
    for (const adder of this.#adders) adder.start(ADD_EVERY_MS);
    this.#load.start(round);
    await answersAfter(this.#writers, rng.int(200, 1_500));
    await this.#load.acceptedMore(MESSAGES);

    await this.#endAll(rng);
    await this.#load.stop();
    await this.#sleeper.write(round);

    const began = performance.now();
    await this.#nodes.postgres.restart();
    await Promise.all(this.#all.map((at) => this.#nodes.start(at)));
    await this.#whole();
    this.wholeMs = Math.max(this.wholeMs, performance.now() - began);

    await this.#sleeper.wake();
    await answersAfter(this.#writers, 100);
    const clients = [...this.#writers, ...this.#adders];
    await Promise.all(clients.map((client) => client.finish()));
    const finished = {
      writers: [...this.#writers, this.#sleeper],
      adders: [...this.#adders, this.#sleeper],
    };
    const found = [
      ...(await judgeNodes(this.#nodes, this.#all, finished)),
      ...(await judgeTopics(this.#place, topics, this.#load, this.#listeners)),
      ...[...clients, ...this.#listeners, this.#sleeper].flatMap(({ troubles }) => troubles.splice(0)),
      ...this.#load.faults.splice(0),
    ];
    this.faults.push(...found.map((line) => `round ${round}: ${line}`));
  }

  async close(): Promise<void> {
    await this.#load.stop();
    const clients = [...this.#writers, ...this.#adders, ...this.#listeners];
    await Promise.allSettled(clients.map((client) => client.stop()));
    await this.#nodes.close();
  }

  /** SIGKILL of all nodes, FLUSHALL, and the stop of PostgreSQL that it calls immediate: at once, in an order by chance. */
  async #endAll(rng: Rng): Promise<void> {
    const { redis, postgres } = this.#nodes;
    const ends = [
      ...this.#all.map((at) => () => this.#nodes.kill(at)),
      () => postgres.kill('SIGQUIT'),
      ...(redis === undefined ? [] : [() => redis.flushAll()]),
    ];
    const first = rng.int(0, ends.length - 1);
    await Promise.all([...ends.slice(first), ...ends.slice(0, first)].map((end) => end()));
  }

  #whole(): Promise<void> {
    return until('all nodes own partitions', WHOLE_MS, () => areWhole(this.#nodes, this.#all));
  }

  #listening(topics: readonly string[]): Promise<void> {
    const isListening = ({ heard }: Listener): boolean =>
      topics.every((topic) => (heard.get(topic)?.standings ?? 0) > 0);
    return until('everybody listens', LISTENING_MS, () => this.#listeners.every(isListening));
  }

  get #all(): readonly number[] {
    return Array.from({ length: NODES }, (_, at) => at);
  }
}
