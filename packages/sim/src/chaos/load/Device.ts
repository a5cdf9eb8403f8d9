import { TopGunClient, type TopGunClientOptions, type WriteHandle } from '@topgun/client';
import { NeverOlder } from '../../checkers/laws/NeverOlder.js';
import { ownStore } from '../../crash/ownStore.js';
import { tellTroubles } from '../../crash/tellTroubles.js';
import type { Rng } from '../../rng.js';
import { type Counted, type Group, type Shown, TOP } from './Group.js';
import type { Story } from './Story.js';

const TAG_KEYS = 10;
/** Of a hundred ops so many are of a kind; the rest takes tags out. */
const REGISTER = 50;
const TAG = 20;
const INCREMENT = 15;

export interface DeviceParts {
  readonly name: string;
  readonly group: Group;
  readonly stream: string;
  readonly hasQuery: boolean;
  readonly way: Pick<TopGunClientOptions, 'serverUrl' | 'connectionProvider'>;
  readonly token: string;
  readonly rng: Rng;
  readonly story: Story;
}

/** A client under load: writes, looks at what it has written and at what others have, and notes what is not as it must be. */
export class Device {
  readonly name: string;
  readonly group: Group;
  /** as the judge of streams wants it */
  readonly kind = 'binary';
  readonly stream: string;
  readonly heard: number[] = [];
  readonly faults: string[] = [];
  /** that it has missed messages, since they were judged last */
  wasTold = false;
  readonly #client: TopGunClient;
  readonly #rng: Rng;
  readonly #story: Story;
  readonly #ages = new NeverOlder<Device>();
  /** tags of its own that were answered and that it has not taken out */
  readonly #own: (readonly [key: string, id: number])[] = [];
  #top: Shown['top'];
  #unheardIncrements = 0;

  constructor({ name, group, stream, hasQuery, way, token, rng, story }: DeviceParts) {
    this.name = name;
    this.group = group;
    this.stream = stream;
    this.#rng = rng;
    this.#story = story;
    const client = new TopGunClient({
      ...way,
      token,
      ...ownStore(),
      backoff: { baseMs: 50, capMs: 1_000 },
    });
    this.#client = client;
    tellTroubles(client, (trouble) => this.#trouble(trouble));
    client.getMap<Counted>(group.registers).subscribe(() => this.#look());
    client.getORMap<number>(group.tags);
    client.getPNCounter(group.counter);
    if (hasQuery)
      client.query<Counted>(group.registers, { sort: { n: 'desc' }, limit: TOP }).subscribe((rows) => {
        this.#top = rows;
      });
    client.topic<Counted>(`stream/${stream}`).subscribe(({ n }) => this.heard.push(n), {
      onStanding: ({ recovered }) => {
        if (recovered) return;
        this.#story.unrecovered++;
        this.wasTold = true;
      },
    });
  }

  get isConnected(): boolean {
    return this.#client.getConnectionState() === 'CONNECTED';
  }

  /** Nothing of it waits for an answer. */
  get isIdle(): boolean {
    return this.isConnected && this.#client.getPendingOpsCount() === 0;
  }

  /** How it stands, for whoever waits for it in vain. */
  get standing(): string {
    return `${this.name} ${this.#client.getConnectionState()}, ${this.#client.getPendingOpsCount()} ops wait`;
  }

  rootOf(map: string): number {
    return this.#client.liveRoot(map);
  }

  /** One op. */
  step(): void {
    const { group, name } = this;
    const own = this.#client.getMap<Counted>(group.registers).get(name)?.n;
    if (own !== group.written.get(name))
      this.#fault(`B1: its own register is ${own}, it has written ${group.written.get(name)}`);
    const draw = this.#rng.int(0, 99);
    if (draw < REGISTER) this.#count();
    else if (draw < REGISTER + TAG) this.#tag();
    else if (draw < REGISTER + TAG + INCREMENT || this.#own.length === 0) this.#increment();
    else this.#untag();
  }

  /** All of its increments have been answered: it is idle. */
  settleIncrements(): void {
    this.#story.answered += this.#unheardIncrements;
    this.#unheardIncrements = 0;
  }

  shown(): Shown {
    const { group, name } = this;
    return {
      name,
      registers: this.#client.getMap<Counted>(group.registers).entries(),
      tags: this.#client.getORMap<number>(group.tags).entries(),
      count: this.#client.getPNCounter(group.counter).get(),
      top: this.#top,
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #count(): void {
    const { group, name } = this;
    const map = this.#client.getMap<Counted>(group.registers);
    const n = (group.written.get(name) ?? 0) + 1;
    group.written.set(name, n);
    this.#follow('set', group.registers, n, map.set(name, { n }), () =>
      group.answered.set(name, Math.max(n, group.answered.get(name) ?? 0)),
    );
    if (map.get(name)?.n !== n) this.#fault(`B1: it has set ${n} and reads ${map.get(name)?.n}`);
  }

  #tag(): void {
    const { group } = this;
    const map = this.#client.getORMap<number>(group.tags);
    const id = this.#story.nextId();
    const key = `t${this.#rng.int(1, TAG_KEYS)}`;
    this.#follow('add', group.tags, id, map.add(key, id), () => {
      group.added.add(id);
      this.#own.push([key, id]);
    });
    if (!map.get(key).includes(id)) this.#fault(`B1: it has added ${id} and does not see it`);
  }

  #untag(): void {
    const { group } = this;
    const map = this.#client.getORMap<number>(group.tags);
    const [[key, id] = ['', 0]] = this.#own.splice(this.#rng.int(0, this.#own.length - 1), 1);
    group.taken.add(id);
    this.#follow('remove', group.tags, id, map.remove(key, id), () => group.removed.add(id));
    if (map.get(key).includes(id)) this.#fault(`B1: it has removed ${id} and still sees it`);
  }

  #increment(): void {
    const { group } = this;
    const counter = this.#client.getPNCounter(group.counter);
    const by = this.#rng.int(1, 9);
    const before = counter.get();
    group.sum += by;
    this.#unheardIncrements++;
    if (counter.addAndGet(by) !== before + by)
      this.#fault(`B1: it has added ${by} to ${before} and reads ${counter.get()}`);
  }

  #follow(op: string, map: string, id: number, handle: WriteHandle, answered: () => void): void {
    const begunMs = performance.now();
    handle.reached('persisted').then(
      (state) => {
        const ms = Math.round(performance.now() - begunMs);
        this.#story.note({ client: this.name, op, map, id, ms, outcome: state.name });
        // Replaced by a later one of its own, before it was sent.
        if (state.name === 'superseded' && state.by !== undefined) return;
        if (state.name !== 'persisted')
          return this.#fault(`D1: ${op} ${id} of ${map} ended ${JSON.stringify(state)}`);
        this.#story.answered++;
        answered();
      },
      // The client was closed: the run is over.
      () => undefined,
    );
  }

  #look(): void {
    for (const [key, { n }] of this.#client.getMap<Counted>(this.group.registers).entries()) {
      const before = this.#ages.saw(this, key, n);
      if (before !== undefined) this.#fault(`B2: it showed ${key} at ${before} and now at ${n}`);
    }
  }

  #trouble(trouble: string): void {
    this.#story.troubles.set(trouble, (this.#story.troubles.get(trouble) ?? 0) + 1);
    if (!trouble.startsWith('error')) this.#fault(trouble);
  }

  #fault(text: string): void {
    this.#story.faults.push(`${this.name}: ${text}`);
  }
}
