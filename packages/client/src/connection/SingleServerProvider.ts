import type { Unsubscribe } from '../utils/Listeners.js';
import { ConnectionListeners } from './ConnectionListeners.js';
import type { ConnectionEvents, IConnectionProvider } from './IConnectionProvider.js';
import type { WebSocketConstructor, WebSocketLike } from './loadWebSocket.js';
import { loadWebSocket } from './loadWebSocket.js';

const OPEN = 1;
const NORMAL = 1000;
/** What a browser reports for a connection that ended without a close frame. */
const ABNORMAL = 1006;

/** Codes a page may send itself; any other makes `close` throw. */
const maySend = (code: number): boolean => code === NORMAL || (code >= 3000 && code <= 4999);

/**
 * One WebSocket to one server. The constructor is `webSocket` if given, else the platform's, else (Node before 22)
 * that of the package `ws`, which the app then has to install.
 */
export class SingleServerProvider implements IConnectionProvider {
  readonly hasServer = true;
  readonly #url: string;
  readonly #listeners = new ConnectionListeners();
  #webSocket: WebSocketConstructor | undefined;
  /** The attempt whose events count; events of an older one are ignored. */
  #attempt: object | undefined;
  #socket: WebSocketLike | undefined;

  constructor(options: { readonly url: string; readonly webSocket?: WebSocketConstructor | undefined }) {
    this.#url = options.url;
    this.#webSocket = options.webSocket;
  }

  connect(): void {
    this.#abandon(NORMAL);
    const attempt = {};
    this.#attempt = attempt;
    void this.#open(attempt);
  }

  send(frame: Uint8Array): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(frame as Uint8Array<ArrayBuffer>); // the codec never packs into shared memory
  }

  isConnected(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  on<E extends keyof ConnectionEvents>(
    event: E,
    callback: (value: ConnectionEvents[E]) => void,
  ): Unsubscribe {
    return this.#listeners.on(event, callback);
  }

  close(code = NORMAL): void {
    if (this.#attempt === undefined) return;
    this.#abandon(code);
    // A dead peer never completes the close handshake, so nobody waits for it.
    const closed = {};
    this.#attempt = closed;
    queueMicrotask(() => this.#ended(closed, code, 'closed by this client'));
  }

  async #open(attempt: object): Promise<void> {
    try {
      this.#webSocket ??= await loadWebSocket();
      if (this.#attempt !== attempt) return;
      const socket = new this.#webSocket(this.#url);
      socket.binaryType = 'arraybuffer';
      this.#socket = socket;
      socket.onopen = () => {
        if (this.#attempt === attempt) this.#listeners.emit('connected', undefined);
      };
      socket.onmessage = (event) => {
        if (this.#attempt === attempt && event.data instanceof ArrayBuffer) {
          this.#listeners.emit('message', new Uint8Array(event.data));
        }
      };
      socket.onclose = (event) => this.#ended(attempt, event.code, event.reason);
      // A close event follows every error event and carries the code; `ws` needs the handler to be there.
      socket.onerror = () => undefined;
    } catch (error) {
      queueMicrotask(() =>
        this.#ended(attempt, ABNORMAL, error instanceof Error ? error.message : String(error)),
      );
    }
  }

  #ended(attempt: object, code: number, reason: string): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    this.#socket = undefined;
    this.#listeners.emit('disconnected', { code, reason });
  }

  #abandon(code: number): void {
    this.#attempt = undefined;
    this.#socket?.close(maySend(code) ? code : NORMAL);
    this.#socket = undefined;
  }
}
