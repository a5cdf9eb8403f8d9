import type { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { RawSocket } from '../../process/RawSocket.js';
import type { Around } from '../Around.js';
import { BARRIER } from '../doorWorld.js';
import { Waiting } from './Waiting.js';

/** A frame of `/ws`, as far as it is looked at. */
interface Frame {
  readonly type: string;
  readonly payload?: unknown;
  readonly topic?: string;
  readonly message_id?: string;
  readonly reply_to?: string;
  readonly epoch?: string;
  readonly offset?: number;
}

const frameTexts = new TextDecoder();

/** Somebody at `/ws`. */
export class JsonHearer {
  /** by topic, the last place that was told */
  readonly places = new Map<string, string>();
  readonly #around: Around;
  readonly #viewer: Viewer;
  readonly #waiting = new Waiting();
  readonly #replies = new Set<string>();
  #socket: RawSocket | undefined;
  #isWelcome = false;
  #barrier = -1;
  #asked = 0;

  constructor(around: Around, viewer: Viewer) {
    this.#around = around;
    this.#viewer = viewer;
  }

  /** Opens it anew, coming back to these places; resolves when it hears the barrier. */
  async connect(
    token: string,
    places: Iterable<readonly [topic: string, place: string]> = [],
  ): Promise<void> {
    this.end();
    this.#isWelcome = false;
    const resume = [...places].map(([topic, place]) => `&resume=${encodeURIComponent(`${topic}@${place}`)}`);
    this.#socket = await RawSocket.open(this.#around.port, (text) => this.#frame(text), {
      path: `/ws?token=${encodeURIComponent(token)}${resume.join('')}`,
    });
    await this.#waiting.until(() => this.#isWelcome, 'the welcome of /ws');
    await this.ask({ type: 'subscribe', topic: BARRIER });
  }

  /** Sends a frame; resolves when it is answered. */
  async ask(frame: { readonly type: string; readonly [field: string]: unknown }): Promise<void> {
    const message_id = `ask-${++this.#asked}`;
    this.#socket?.send(JSON.stringify({ ...frame, message_id }));
    await this.#waiting.until(() => this.#replies.delete(message_id), `an answer to ${frame.type}`);
  }

  /** Shows a token that is none; resolves when it is closed for that. */
  async refused(): Promise<void> {
    const socket = this.#socket;
    socket?.send(JSON.stringify({ type: 'auth', payload: { token: 'none' } }));
    while (socket?.closed === undefined) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything up to this mark has arrived. */
  reached(mark: number): Promise<void> {
    return this.#waiting.until(() => this.#barrier >= mark, `mark ${mark} at /ws`);
  }

  /** What its ending told is judged, too. */
  end(): void {
    const { arrived = [], closed } = this.#socket ?? {};
    this.#socket?.end();
    const [handshake] = arrived;
    if (handshake !== undefined) this.#around.left('ws reply', this.#viewer, headOf(handshake));
    if (closed !== undefined) this.#around.left('ws close', this.#viewer, Buffer.from(closed.reason));
    this.#socket = undefined;
  }

  #frame(bytes: Buffer): void {
    const frame = JSON.parse(frameTexts.decode(bytes)) as Frame;
    const { type, topic = '', payload, epoch, offset } = frame;
    if (frame.message_id !== undefined && type !== 'ack') {
      this.#around.left('ws message', this.#viewer, bytes, [{ topics: [topic], data: payload }]);
      if (topic === BARRIER) this.#barrier = (payload as { mark: number }).mark;
      if (epoch !== undefined) this.places.set(topic, `${epoch}:${offset}`);
    } else if (type === 'history') {
      const { messages } = payload as { messages: readonly Frame[] };
      const shown = messages.map((message) => ({ topics: [topic], data: message.payload }));
      this.#around.left('ws history', this.#viewer, bytes, shown);
    } else {
      this.#around.left('ws reply', this.#viewer, bytes);
      this.#isWelcome ||= (payload as { message?: string })?.message === 'Connected';
    }
    if (frame.reply_to !== undefined) this.#replies.add(frame.reply_to);
    this.#waiting.arrived();
  }
}

/** Messages may have come with it; they are judged as such. */
const headOf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4);
