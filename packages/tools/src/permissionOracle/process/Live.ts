import type { Rng } from '@topgun/sim/internal/rng';
import type { Around } from '../doors/Around.js';
import { BridgeHearer, COMMON } from '../doors/clients/BridgeHearer.js';
import type { DoorPerson } from '../doors/DoorPerson.js';
import { BARRIER } from '../doors/doorWorld.js';
import { drawRow, type Mint } from '../draw/drawRow.js';
import { askHttp } from './askHttp.js';

/** What is said to those who hear live: with a log and without one, for one of them and for some. */
export const LIVE_TOPICS: readonly string[] = ['news', 'room/live', 'user/ann', 'user/bob'];
const MAILBOXES: readonly string[] = ['a', 'b'].map((digit) => digit.repeat(64));

/** What everybody hears while it is held open: `/ws`, streams of events, hearers of mailboxes; root speaks. */
export class Live {
  readonly #around: Around;
  readonly #people: readonly DoorPerson[];
  readonly #bridges: readonly BridgeHearer[];
  #mark = 0;

  /** `people`: root first; they are connected. */
  constructor(around: Around, people: readonly DoorPerson[]) {
    this.#around = around;
    this.#people = people;
    this.#bridges = MAILBOXES.map((box) => new BridgeHearer(around, [box]));
  }

  async connect(): Promise<void> {
    for (const bridge of this.#bridges) await bridge.connect();
  }

  /** Something new on every topic and in every mailbox, noted before it is said. */
  async say(rng: Rng, mint: Mint): Promise<void> {
    for (const topic of LIVE_TOPICS) await this.#publish(topic, drawRow(rng, mint));
    for (const to of MAILBOXES) {
      const message = `sealed ${mint.text()}`;
      this.#around.data.publish(`mailbox/${to}`, { from: COMMON, message, trace_id: '' });
      await this.#post(to, message);
    }
  }

  /** Whoever hears a mailbox comes back to it, and is told what lies there. */
  async comeBack(): Promise<void> {
    for (const bridge of this.#bridges) await bridge.connect();
    await this.settle();
  }

  /** All that was said has arrived everywhere. */
  async settle(): Promise<void> {
    const mark = ++this.#mark;
    await this.#publish(BARRIER, { mark });
    await this.#post(COMMON, `mark ${mark}`);
    await Promise.all([
      ...this.#people.map((person) => person.reached(mark)),
      ...this.#bridges.map((bridge) => bridge.reached(`mark ${mark}`)),
    ]);
  }

  /** Also what their ends told is judged. */
  end(): void {
    for (const bridge of this.#bridges) bridge.end();
    for (const person of this.#people) person.end();
  }

  async #publish(topic: string, data: unknown): Promise<void> {
    const [root] = this.#people;
    this.#around.data.publish(topic, data);
    const path = `/api/topics/${topic}`;
    const { status } = await askHttp(this.#around.port, 'POST', path, { token: root?.token, body: { data } });
    if (status !== 200) throw new Error(`POST ${path} is answered ${status}`);
  }

  async #post(to: string, message: string): Promise<void> {
    const path = `/bridge/message?client_id=${COMMON}&to=${to}&ttl=300`;
    const { status } = await askHttp(this.#around.port, 'POST', path, { body: message });
    if (status !== 200) throw new Error(`POST ${path} is answered ${status}`);
  }
}
