import { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import type { Around } from '../Around.js';
import { fieldsOf, StreamReader } from './StreamReader.js';
import { Waiting } from './Waiting.js';

/** A mailbox that all hearers of the bridge have beside their own: what is posted to it has arrived when everything before has. */
export const COMMON = 'f'.repeat(64);
const ROLE = 'hears these mailboxes';

/** A hearer of the message bridge, who may see what lies in the mailboxes that it names, and nothing else. */
export class BridgeHearer {
  readonly viewer: Viewer;
  readonly #around: Around;
  readonly #clientIds: readonly string[];
  readonly #waiting = new Waiting();
  #reader: StreamReader | undefined;
  #barrier = '';

  constructor(around: Around, clientIds: readonly string[]) {
    this.#around = around;
    this.#clientIds = [...clientIds, COMMON];
    this.viewer = new Viewer(around.data);
    const policies = this.#clientIds.map((id) => ({
      role: ROLE,
      map: `topic:mailbox/${id}`,
      actions: ['READ'] as const,
    }));
    this.viewer.become({ principal: { sub: '', roles: [ROLE], claims: {} }, policies }, this.viewer.person);
  }

  /** Hears again from the beginning. */
  async connect(): Promise<void> {
    this.end();
    const ids = this.#clientIds.join();
    this.#reader = new StreamReader(
      this.#around.port,
      `/bridge/events?client_id=${ids}&enable_queue_done_event=true`,
      {},
      (frame) => this.#frame(frame),
    );
    const status = await this.#reader.status;
    if (status !== 200) throw new Error(`The bridge answered ${status}.`);
  }

  /** As it was posted: JSON. */
  reached(mark: string): Promise<void> {
    return this.#waiting.until(() => this.#barrier === JSON.stringify(mark), `mark ${mark} of the bridge`);
  }

  end(): void {
    this.#reader?.end();
    this.#reader = undefined;
  }

  #frame(frame: string): void {
    const { id, data } = fieldsOf(frame);
    const outlet = id === '' ? 'bridge notice' : 'bridge message';
    // What it says else, as when it came, is made by the server.
    this.#around.left(outlet, this.viewer, Buffer.from(frame));
    const { message } = (data ?? {}) as { message?: string };
    if (message?.includes('mark ') === true) this.#barrier = message;
    this.#waiting.arrived();
  }
}
