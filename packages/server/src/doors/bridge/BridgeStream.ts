import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '@topgun/protocol';
import type { SharedMessage, TopicMessage, Topics } from '../../topics/ports.js';
import { EventStream, type StreamKind } from '../held/EventStream.js';
import type { FrameJoiner } from '../held/FrameJoiner.js';
import type { HeldConnections } from '../held/HeldConnections.js';
import { BRIDGE_PRINCIPAL } from './bridgePolicy.js';
import { messageFrame, OPENING, QUEUE_DONE } from './frames.js';
import { MailboxReader } from './MailboxReader.js';

export interface BridgeStreamParts {
  readonly home: HeldConnections;
  readonly kind: StreamKind;
  /** on the clock of `home` */
  readonly endsAtMs: number;
  readonly topics: Topics;
  readonly mailboxes: readonly string[];
  readonly place: number;
  readonly tellsQueueDone: boolean;
  readonly delivered: () => void;
  /** its log could not be read */
  readonly failed: (error: unknown) => void;
  readonly gone: () => void;
}

const opening = Buffer.from(OPENING);
const queueDone = Buffer.from(QUEUE_DONE);
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One hearer of the bridge: an open answer, and a reader of its mailboxes that goes as fast as the network takes the messages. */
export class BridgeStream extends EventStream {
  readonly #parts: BridgeStreamParts;
  readonly #reader: MailboxReader;
  #socket: Socket | null = null;
  /** pushed since the last write */
  #pushedBytes = 0;

  constructor(parts: BridgeStreamParts) {
    super(parts.home, parts.kind, parts.endsAtMs);
    this.#parts = parts;
    const { topics, mailboxes, place } = parts;
    this.#reader = new MailboxReader({
      topics,
      principal: BRIDGE_PRINCIPAL,
      mailboxes,
      place,
      nextTurn,
      write: (message, shared) => this.#write(message, shared),
      replayed: () => {
        if (parts.tellsQueueDone) this.push(queueDone);
      },
      ended: (error) => {
        if (error !== undefined) parts.failed(error);
        this.leave('lifetime');
      },
    });
  }

  /** Hears its mailboxes. Throws what `Topics.subscribe` does. */
  open(): Promise<void> {
    return this.#reader.open();
  }

  protected opened(_: ServerResponse, socket: Socket): void {
    this.#socket = socket;
    this.push(opening);
    this.#reader.goOn();
  }

  protected gone(): void {
    this.#reader.close();
    this.#parts.gone();
  }

  override flush(joiner: FrameJoiner): number {
    this.#pushedBytes = 0;
    return super.flush(joiner);
  }

  /** Whether another one may follow at once. */
  #write(message: TopicMessage, shared: SharedMessage | undefined): boolean {
    const frame = shared?.encoded('bridge', messageFrame) ?? messageFrame(message);
    this.push(frame);
    this.#parts.delivered();
    this.#pushedBytes += frame.length;
    if (this.unsentBytes + this.#pushedBytes <= LIMITS.heldSoftBytes) return true;
    this.home.flushNow(this);
    if (this.unsentBytes <= LIMITS.heldSoftBytes) return true;
    this.#socket?.once('drain', () => this.#reader.goOn());
    return false;
  }
}
