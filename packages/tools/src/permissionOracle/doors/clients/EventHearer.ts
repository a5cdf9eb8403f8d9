import type { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import type { Around } from '../Around.js';
import { BARRIER } from '../doorWorld.js';
import { fieldsOf, StreamReader } from './StreamReader.js';
import { Waiting } from './Waiting.js';

/** Frames that the server itself sends. */
const NOTICES = ['resync', 'reconnect', 'denied'];

/** Somebody at `/events/subscribe`. */
export class EventHearer {
  /** the last id that came */
  lastId = '';
  readonly #around: Around;
  readonly #viewer: Viewer;
  readonly #waiting = new Waiting();
  #reader: StreamReader | undefined;
  #topics: readonly string[] = [];
  #isConnected = false;
  #barrier = -1;

  constructor(around: Around, viewer: Viewer) {
    this.#around = around;
    this.#viewer = viewer;
  }

  /** Follows these topics, or as many of them as it may; resolves when it hears them. */
  async connect(token: string, topics: readonly string[], lastId = ''): Promise<void> {
    this.end();
    // A topic that is not open refuses the whole: the barrier alone always is.
    for (const some of [topics, []]) {
      this.#isConnected = false;
      this.#topics = [...some, BARRIER];
      const asked = this.#topics.map((topic) =>
        topic === '*' ? 'all=true' : `topics=${encodeURIComponent(topic)}`,
      );
      this.#reader = new StreamReader(
        this.#around.port,
        `/events/subscribe?${asked.join('&')}`,
        { authorization: `Bearer ${token}`, ...(lastId !== '' && { 'last-event-id': lastId }) },
        (frame) => this.#frame(frame),
      );
      if ((await this.#reader.status) !== 200) continue;
      return this.#waiting.until(() => this.#isConnected, 'the first frame of events');
    }
    throw new Error('Nobody may follow the barrier.');
  }

  reached(mark: number): Promise<void> {
    return this.#waiting.until(() => this.#barrier >= mark, `mark ${mark} of events`);
  }

  end(): void {
    this.#reader?.end();
    this.#reader = undefined;
  }

  #frame(frame: string): void {
    const bytes = Buffer.from(frame);
    const { event, id, data } = fieldsOf(frame);
    if (id !== '') this.lastId = id;
    const isFirst = !this.#isConnected;
    this.#isConnected = true;
    if (isFirst || NOTICES.includes(event) || data === undefined)
      this.#around.left('sse notice', this.#viewer, bytes);
    else {
      // It names no topic: one of those that are followed, and what is for everybody.
      this.#around.left('sse message', this.#viewer, bytes, [{ topics: [...this.#topics, 'global'], data }]);
      const { mark } = (data ?? {}) as { mark?: number };
      if (mark !== undefined) this.#barrier = mark;
    }
    this.#waiting.arrived();
  }
}
