import { type EventSubscription, subscribeEvents } from '@topgun/client/events';
import { Follower } from './Follower.js';

/** The longest that what is looked for may be parted over two pieces. */
const TAIL = 200;

/** A follower by `subscribeEvents`, which comes back with the last id that it got, to the next node. */
export class SseFollower extends Follower {
  readonly kind = 'SSE';
  #subscription: EventSubscription | undefined;
  #isClosing = false;

  open(): void {
    this.#subscription = subscribeEvents<{ message: unknown }>({
      url: 'http://next.node',
      streams: [this.stream],
      token: this.nodes.token,
      fetch: (address, init) => this.#fetch(String(address), init),
      on: { message: (data) => this.hear(data) },
      onState: (state) => {
        this.isOpen = state === 'open';
      },
      onResync: () => this.fault('something was missed'),
      onError: ({ message }) => this.cut(message),
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#subscription?.close();
  }

  /** An answer whose end is looked at: it has to have been announced. */
  async #fetch(address: string, init?: RequestInit): Promise<Response> {
    const { status, headers, body } = await fetch(address.replace('next.node', this.nextNode()), init);
    const decoder = new TextDecoder();
    let tail = '';
    let isAnnounced = false;
    const watched = new TransformStream<Uint8Array, Uint8Array>({
      transform: (piece, to) => {
        const text = tail + decoder.decode(piece, { stream: true });
        isAnnounced ||= /event: reconnect\n.*\n?data: {"reason":"shutdown"/.test(text);
        tail = text.slice(-TAIL);
        to.enqueue(piece);
      },
      flush: () => {
        if (isAnnounced) this.leaves++;
        else if (!this.#isClosing) this.cut('the stream ended and nobody had said that it would');
      },
    });
    return new Response(body?.pipeThrough(watched) ?? null, { status, headers });
  }
}
