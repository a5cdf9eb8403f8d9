import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { Logger } from './utils/logger.js';

interface Known {
  client: string | undefined;
  /** messages so far: the last part of a frame's id */
  frames: number;
}

/**
 * Logs at the level debug what sockets bring and are refused, with ids by which lines belong together: connection, client, and of each
 * message `<connection>.<number>` (OBS-32). Of a message its type is told and how many ops it has.
 */
export class ConnectionLog {
  readonly #logger: Logger;
  readonly #known = new Map<number, Known>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  opened(conn: number, remote: string): void {
    this.#known.set(conn, { client: undefined, frames: 0 });
    if (this.#isOn) this.#logger.debug({ conn, remote }, 'socket opened');
  }

  received(conn: number, message: ClientMessage): void {
    const known = this.#known.get(conn);
    if (known === undefined) return;
    known.frames++;
    if (message.type === 'AUTH') known.client = message.clientId;
    if (!this.#isOn) return;
    const ops = message.type === 'OPS' ? message.rows.length : undefined;
    const about = { ...this.#about(conn), type: message.type, ops };
    this.#logger.debug(about, 'message');
  }

  sent(conn: number, message: ServerMessage): void {
    if (message.type !== 'ERROR' || !this.#isOn) return;
    this.#logger.debug({ ...this.#about(conn), code: message.code }, 'refused');
  }

  /** `code` is undefined when the other side ended the socket. */
  closed(conn: number, code: number | undefined): void {
    if (this.#isOn) this.#logger.debug({ ...this.#about(conn), code }, 'socket closed');
    this.#known.delete(conn);
  }

  #about(conn: number): {
    readonly conn: number;
    readonly client: string | undefined;
    readonly frame: string;
  } {
    const { client, frames = 0 } = this.#known.get(conn) ?? { client: undefined };
    return { conn, client, frame: `${conn}.${frames}` };
  }

  get #isOn(): boolean {
    return this.#logger.isLevelEnabled('debug');
  }
}
