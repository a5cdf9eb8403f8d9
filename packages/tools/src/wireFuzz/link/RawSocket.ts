import { connect, type Socket } from 'node:net';

/** An answer later than this is none. */
const ANSWER_MS_MAX = 20_000;

/** A TCP connection whose every byte the caller decides about. */
export class RawSocket {
  /** what has come and was not taken yet */
  received: Buffer = Buffer.alloc(0);
  isClosed = false;
  readonly #socket: Socket;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
      this.#wake?.();
    });
    // A reset is an end like any other; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
  }

  static open(port: number, localAddress: string | undefined): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ...(localAddress && { localAddress }) });
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawSocket(socket));
      });
    });
  }

  write(bytes: Uint8Array): void {
    if (!this.isClosed && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits until `isThere` says so; it is asked again whenever something came. False: the time was over. */
  async until(isThere: () => boolean, withinMs = ANSWER_MS_MAX): Promise<boolean> {
    const endsAt = performance.now() + withinMs;
    while (!isThere()) {
      const left = endsAt - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return true;
  }
}
