import { connect, createServer, type Server, type Socket } from 'node:net';
import { cliError } from '../../cliErrors.js';

/** How much of what a node says is looked at for its name. */
const HEARD_BYTES = 4_096;

/**
 * The way to one node for the others: TCP on a port of its own, handed on to the node. Who comes is known by the first name of a node in what he
 * says, which a link tells in its handshake. Between nodes that are cut nothing is carried, as by a cable that was pulled: connections stay, and are silent.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #names: readonly string[];
  readonly #port: () => number;
  readonly #cut = new Set<string>();
  readonly #ways = new Set<Way>();

  private constructor(names: readonly string[], port: () => number) {
    this.#names = names;
    this.#port = port;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
  }

  /** `names` of all nodes; `port` that the node listens on. */
  static async open(names: readonly string[], port: () => number): Promise<LinkProxy> {
    const proxy = new LinkProxy(names, port);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** that the others are told */
  get port(): number {
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) return address.port;
    throw cliError('SERVER_FAILED', 'A way between nodes is closed.');
  }

  /** Nothing is carried from and to a node from now on. */
  cut(name: string): void {
    this.#cut.add(name);
    this.#judge();
  }

  /** It is again; connections of before end, for what they carried is late. */
  mend(name: string): void {
    if (!this.#cut.delete(name)) return;
    for (const way of this.#ways) if (way.name === name) way.end();
  }

  async close(): Promise<void> {
    for (const way of this.#ways) way.end();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket): void {
    const way = new Way(socket, this.#port(), this.#names, () => this.#judge());
    this.#ways.add(way);
    socket.once('close', () => this.#ways.delete(way));
  }

  #judge(): void {
    for (const way of this.#ways) if (way.name !== undefined && this.#cut.has(way.name)) way.hold();
  }
}

/** One connection of a node to another. */
class Way {
  /** who came; undefined until he has said it */
  name: string | undefined;
  readonly #from: Socket;
  readonly #to: Socket;
  #heard = '';

  constructor(from: Socket, port: number, names: readonly string[], onName: () => void) {
    this.#from = from;
    this.#to = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [this.#from, this.#to]) {
      socket.setNoDelay(true);
      // The close that follows is what matters.
      socket.on('error', () => undefined);
      socket.once('close', () => this.end());
    }
    // Before the bytes go on: what is cut from the beginning carries nothing.
    from.on('data', (bytes) => {
      if (this.name !== undefined || this.#heard.length > HEARD_BYTES) return;
      this.#heard += bytes.toString('latin1');
      this.name = firstOf(names, this.#heard);
      if (this.name !== undefined) onName();
    });
    this.#from.pipe(this.#to);
    this.#to.pipe(this.#from);
  }

  /** Carries nothing any more, and ends nothing. */
  hold(): void {
    for (const [from, to] of [
      [this.#from, this.#to],
      [this.#to, this.#from],
    ] as const) {
      from.unpipe(to);
      from.pause();
    }
  }

  end(): void {
    this.#from.destroy();
    this.#to.destroy();
  }
}

/** Which of the names comes first in a text; of those at one place the longest, for `node-1` begins `node-10`. */
function firstOf(names: readonly string[], text: string): string | undefined {
  const [found] = names
    .map((name) => ({ name, at: text.indexOf(name) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at || other.name.length - one.name.length);
  return found?.name;
}
