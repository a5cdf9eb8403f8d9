import { randomUUID } from 'node:crypto';
import { loadWebSocket } from '@topgun/client/internal/connection/loadWebSocket';
import { Follower } from './Follower.js';

/** What a client of /ws uses of a WebSocket. */
interface TextSocket {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

interface Frame {
  readonly type: string;
  readonly topic?: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly reply_to?: string;
  readonly payload: {
    readonly event?: string;
    readonly code?: string;
    readonly reconnect_in_ms?: number;
    readonly recovered?: boolean;
    readonly epoch?: string;
    readonly offset?: number;
  };
}

const SERVICE_RESTART = 1012;

/**
 * A follower by the JSON WebSocket, as a page would write it: it comes back after the pause that it was told, to the next node, and names what it
 * has seen last. What it published and nobody acknowledged it publishes again, under the same id.
 */
export class JsonFollower extends Follower {
  readonly kind = '/ws';
  readonly #unanswered = new Map<
    string,
    { readonly n: number; readonly accepted: (offset: number) => void }
  >();
  #socket: TextSocket | undefined;
  #place: { readonly epoch: string; readonly offset: number } | undefined;
  #pauseMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  open(): void {
    void this.#connect();
  }

  /** Resolves with the offset. */
  publish(n: number): Promise<number> {
    return new Promise((accepted) => {
      const id = randomUUID();
      this.#unanswered.set(id, { n, accepted });
      if (this.isOpen) this.#publish(id, n);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  async #connect(): Promise<void> {
    const topic = `stream/${this.stream}`;
    const asked = new URLSearchParams({ token: this.nodes.token });
    if (this.#place !== undefined) asked.set('resume', `${topic}@${this.#place.epoch}:${this.#place.offset}`);
    const Socket = (await loadWebSocket()) as unknown as new (url: string) => TextSocket;
    const socket = new Socket(`ws://${this.nextNode()}/ws?${asked}`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as Frame);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    // A close follows, with the code.
    socket.onerror = () => undefined;
  }

  #take({ type, topic, epoch, offset, reply_to, payload }: Frame): void {
    if (topic === `stream/${this.stream}` && offset !== undefined && epoch !== undefined) {
      this.#place = { epoch, offset };
      this.hear(payload);
    } else if (type === 'system' && payload.event === undefined) {
      // Welcome. Who resumed follows already; asked again it is answered again.
      this.#send({ type: 'subscribe', topic: `stream/${this.stream}` });
    } else if (type === 'subscribed' && topic === `stream/${this.stream}`) {
      if (payload.recovered === false)
        this.fault(`was not given all behind ${JSON.stringify(this.#place)}, but ${JSON.stringify(payload)}`);
      this.#place ??= { epoch: payload.epoch ?? '', offset: payload.offset ?? 0 };
      if (!this.isOpen) this.#opened();
    } else if (type === 'ack') {
      this.#unanswered.get(reply_to ?? '')?.accepted(payload.offset ?? 0);
      this.#unanswered.delete(reply_to ?? '');
    } else if (payload.event === 'shutdown') this.#pauseMs = payload.reconnect_in_ms;
    else if (payload.event === 'resync') this.fault('was told that messages are lost');
    else if (type === 'error') this.fault(`was answered ${payload.code}`);
  }

  #opened(): void {
    this.isOpen = true;
    for (const [id, { n }] of this.#unanswered) this.#publish(id, n);
  }

  #publish(id: string, n: number): void {
    this.#send({ type: 'message', topic: `stream/${this.stream}`, message_id: id, payload: { n } });
  }

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #closed(code: number, reason: string): void {
    this.isOpen = false;
    if (this.#isClosing) return;
    if (code === SERVICE_RESTART && this.#pauseMs !== undefined) this.leaves++;
    else this.cut(`was closed with ${code} ${reason}`);
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs ?? 1_000);
    this.#pauseMs = undefined;
  }
}
