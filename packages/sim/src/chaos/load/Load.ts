import { clusterOf } from '@topgun/client/cluster';
import { sameRoots } from '../../checkers/laws/sameRoots.js';
import type { Rng } from '../../rng.js';
import { judge } from '../../rolling/judge.js';
import { until } from '../../rolling/until.js';
import type { ChaosStage } from '../stage/ChaosStage.js';
import { Device } from './Device.js';
import { Group } from './Group.js';
import { Publisher } from './Publisher.js';
import type { Story } from './Story.js';

const GROUP_CLIENTS = 20;
const TICK_MS = 20;
/** Of so many clients one has a live query. */
const QUERY_EVERY = 5;
/** Of so many ops one is a message of a topic. */
const MESSAGE_EVERY = 20;
/** Far above what is promised: that is measured. */
const QUIET_MS_MAX = 120_000;

export interface LoadOptions {
  readonly clients: number;
  readonly opsPerSecond: number;
  readonly rng: Rng;
  readonly story: Story;
}

/** Clients of all nodes that write at a steady rate, groups of them to the same maps. Half of them stay at their node, half choose one. */
export class Load {
  readonly #stage: ChaosStage;
  readonly #story: Story;
  readonly #groups: readonly Group[];
  readonly #devices: readonly Device[];
  readonly #publisher: Publisher;
  readonly #opsPerSecond: number;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  #judged = 0;

  constructor(stage: ChaosStage, { clients, opsPerSecond, rng, story }: LoadOptions) {
    this.#stage = stage;
    this.#story = story;
    this.#opsPerSecond = opsPerSecond;
    const count = Math.ceil(clients / GROUP_CLIENTS);
    this.#groups = Array.from({ length: count }, (_, at) => new Group(`${at}`));
    const { token } = stage.nodes;
    const { urls } = stage;
    this.#devices = Array.from({ length: clients }, (_, at) => {
      const serverUrl = urls[at % urls.length] as string;
      return new Device({
        name: `client-${at}`,
        group: this.#groups[at % count] as Group,
        stream: `${at % count}`,
        hasQuery: Math.floor(at / count) % QUERY_EVERY === 0,
        way:
          Math.floor(at / urls.length) % 2 === 0
            ? { serverUrl }
            : { connectionProvider: clusterOf({ seeds: [...urls] }) },
        token,
        rng: rng.fork(),
        story,
      });
    });
    const streams = this.#groups.map((_, at) => `${at}`);
    this.#publisher = new Publisher(urls, token, streams, story);
  }

  /** Resolves when every client hears its stream; nothing else has been written yet. */
  async open(): Promise<void> {
    await until('all clients are there', QUIET_MS_MAX, () =>
      this.#devices.every(({ isConnected }) => isConnected),
    );
    // A client is not told when it hears.
    await until('every client hears', QUIET_MS_MAX, () => {
      if (this.#publisher.isIdle) for (const [at] of this.#groups.entries()) this.#publisher.publish(`${at}`);
      return this.#devices.every(({ heard }) => heard.length > 0);
    });
  }

  resume(): void {
    let lastMs = performance.now();
    let owed = 0;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      // After a long turn of this process there is no flood.
      owed += Math.min(1_000, nowMs - lastMs) * (this.#opsPerSecond / 1_000);
      lastMs = nowMs;
      for (; owed >= 1; owed--) this.#next();
    }, TICK_MS);
  }

  /** Writes no more, and resolves when all is answered, and every client and node shows the same. Throws what was missing. */
  async quiet(): Promise<void> {
    clearInterval(this.#timer);
    const waits = (): string[] =>
      this.#devices.filter(({ isIdle }) => !isIdle).map(({ standing }) => standing);
    await this.#comesTo('everything is answered', () => [
      ...waits(),
      ...(this.#publisher.isIdle ? [] : ['a message is not accepted']),
    ]);
    for (const device of this.#devices) device.settleIncrements();
    await this.#comesTo('all roots are equal', () => this.#differences());
    // Who is told that messages are missing has to read anew, and is not expected to hear them.
    const untold = this.#devices.filter(({ wasTold }) => !wasTold);
    const streams = await judge(untold, this.#publisher.accepted);
    this.#story.faults.push(
      ...streams,
      ...this.#devices.flatMap((device) => device.group.faultsOf(device.shown())),
    );
    this.#judged += this.#publisher.forget();
    for (const device of this.#devices) {
      device.heard.splice(0, device.heard.length - 1);
      device.wasTold = false;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#publisher.stop();
    await Promise.allSettled(this.#devices.map((device) => device.close()));
  }

  /** Messages that were accepted, and heard by all. */
  get messages(): number {
    return this.#judged;
  }

  #next(): void {
    const turn = this.#turn++;
    if (turn % MESSAGE_EVERY === 0)
      this.#publisher.publish(`${(turn / MESSAGE_EVERY) % this.#groups.length}`);
    else this.#devices[turn % this.#devices.length]?.step();
  }

  async #differences(): Promise<string[]> {
    const { nodes, names } = this.#stage;
    const ofNodes = await Promise.all(names.map((_, at) => nodes.roots(at)));
    return this.#groups.flatMap((group) =>
      group.maps.flatMap((map) => {
        const roots: [string, number | undefined][] = names.map((name, at) => [name, ofNodes[at]?.[map]]);
        for (const device of this.#devices)
          if (device.group === group) roots.push([device.name, device.rootOf(map)]);
        return sameRoots(map, roots) ?? [];
      }),
    );
  }

  async #comesTo(what: string, missing: () => readonly string[] | Promise<readonly string[]>): Promise<void> {
    let last: readonly string[] = [];
    try {
      await until(what, QUIET_MS_MAX, async () => {
        last = await missing();
        return last.length === 0;
      });
    } catch (error) {
      const wrong = this.#devices.flatMap((device) => device.group.faultsOf(device.shown()));
      const told = [...last.slice(0, 5), ...wrong.slice(0, 10)].join('; ');
      throw new Error(`C8: ${String(error)}: ${last.length} are missing: ${told}`);
    }
  }
}
