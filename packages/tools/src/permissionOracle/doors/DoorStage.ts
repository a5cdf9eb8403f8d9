import { OP } from '@topgun/protocol';
import type { Policy } from '@topgun/server/engine';
import type { DoorOutlet } from '@topgun/sim/internal/oracle/outlets';
import { mayPut, topicMap } from '@topgun/sim/internal/oracle/rights';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Mint } from '../draw/drawRow.js';
import { askHttp } from '../process/askHttp.js';
import type { ServedHere } from '../process/Served.js';
import type { Around } from './Around.js';
import { type BridgeHearer, COMMON } from './clients/BridgeHearer.js';
import type { HookReceiver } from './clients/HookReceiver.js';
import type { DoorPerson } from './DoorPerson.js';
import { BARRIER, DOOR_PEOPLE } from './doorWorld.js';

/** Whose mailboxes there are. */
export const CLIENT_IDS: readonly string[] = ['a', 'b', 'c'].map((digit) => digit.repeat(64));

/** What the steps of a case at the doors act on. */
export class DoorStage {
  readonly around: Around;
  readonly served: ServedHere;
  readonly mint: Mint;
  /** ROOT first, then DOOR_PEOPLE */
  readonly people: readonly DoorPerson[];
  readonly bridges: readonly BridgeHearer[];
  readonly hooks: HookReceiver;
  readonly keys = new Map<string, string[]>();
  #mark = 0;

  constructor(parts: {
    readonly around: Around;
    readonly served: ServedHere;
    readonly mint: Mint;
    readonly people: readonly DoorPerson[];
    readonly bridges: readonly BridgeHearer[];
    readonly hooks: HookReceiver;
  }) {
    this.around = parts.around;
    this.served = parts.served;
    this.mint = parts.mint;
    this.people = parts.people;
    this.bridges = parts.bridges;
    this.hooks = parts.hooks;
  }

  get root(): DoorPerson {
    return this.people[0] as DoorPerson;
  }

  /** Noted before it is said: if it may be, others may hear it. */
  said({ principal }: DoorPerson, topic: string, data: unknown, name = ''): void {
    const { data: known, policies } = this.around;
    if (mayPut({ principal, policies }, topicMap(topic), data)) known.publish(topic, data, name);
  }

  /** Asks over HTTP; what comes back is judged with what `shownIn` finds in its body. */
  async ask(
    person: DoorPerson,
    outlet: DoorOutlet,
    [method, path, body]: readonly [method: string, path: string, body?: unknown],
    shownIn: (
      body: never,
    ) => readonly { readonly topics: readonly string[]; readonly data: unknown }[] = () => [],
  ): Promise<number> {
    const { status, bytes } = await askHttp(this.around.port, method, path, { token: person.token, body });
    if (status >= 500) throw new Error(`${method} ${path} is answered ${status}: ${bytes}`);
    const text = bytes.toString();
    const json = text.slice(text.indexOf('\r\n\r\n') + 4);
    this.around.left(outlet, person.viewer, bytes, status === 200 ? shownIn(JSON.parse(json) as never) : []);
    return status;
  }

  async post(from: string, to: string, message: string): Promise<void> {
    const path = `/bridge/message?client_id=${from}&to=${to}&ttl=300`;
    const { status, bytes } = await askHttp(this.around.port, 'POST', path, { body: message });
    if (status !== 200) throw new Error(`The bridge answered ${status}: ${bytes}`);
    this.around.left('bridge answer', this.bridges[0]?.viewer ?? this.root.viewer, bytes);
  }

  /** ROOT puts a row, or takes it away. */
  write(map: string, key: string, value: unknown): Promise<void> {
    const { binary } = this.root;
    const code = value === undefined ? OP.REMOVE : OP.PUT;
    return binary.write(map, [[code, key, value]], binary.stamp());
  }

  setPolicies(policies: readonly Policy[]): void {
    this.around.policies = policies;
    const viewers = [...this.people.map(({ viewer }) => viewer), ...this.hooks.viewers];
    for (const viewer of viewers)
      if (viewer.reader !== undefined) viewer.become({ ...viewer.reader, policies }, viewer.person);
    this.served.setPolicies(policies);
  }

  /** Until everything that was begun has arrived everywhere. Throws what leaked. */
  async settle(): Promise<void> {
    const mark = ++this.#mark;
    const data = { mark };
    this.around.data.publish(BARRIER, data);
    await this.ask(this.root, 'topic answer', ['POST', `/api/topics/${BARRIER}`, { data }]);
    await this.post(COMMON, COMMON, `mark ${mark}`);
    await Promise.all([
      ...this.people.map((person) => person.reached(mark)),
      ...this.bridges.map((bridge) => bridge.reached(`mark ${mark}`)),
    ]);
    await this.#told();
    this.around.data.endTurn();
    this.around.check();
  }

  /** Until no delivery of a webhook waits. */
  async #told(): Promise<void> {
    const { port } = this.around;
    if (this.hooks.viewers.length === 0) return;
    for (;;) {
      const { bytes } = await askHttp(port, 'GET', '/api/webhooks', { token: this.root.token });
      if (!/"waiting":[1-9]/.test(bytes.toString())) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

export const personAt = (stage: DoorStage, who: number): DoorPerson =>
  stage.people[who % (DOOR_PEOPLE.length + 1)] as DoorPerson;

/** One kind of thing that people do at the doors. */
export interface DoorAction {
  readonly name: string;
  readonly weight: number;
  run(stage: DoorStage, person: DoorPerson, rng: Rng): Promise<void> | void;
}
