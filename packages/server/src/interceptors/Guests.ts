import type { Principal } from '../security/PermissionPolicy.js';
import type { Logger } from '../utils/logger.js';
import { inTime, logFailure, notify } from './asking.js';
import type { ClientConnection, Interceptor } from './Interceptor.js';

/** Somebody who was let in. */
export interface Visit {
  readonly connection: ClientConnection;
  /** It is gone: all who had let it in are told, once. */
  left(): void;
}

/** A visit where nobody is asked: one for all. */
const UNASKED: Pick<Visit, 'left'> = { left: () => undefined };

/** Asks the interceptors of the program who is let in, and tells those who said yes when it goes (INT-2). */
export class Guests {
  readonly #list: readonly Interceptor[];
  readonly #logger: Logger;
  #lastId = 0;

  constructor(list: readonly Interceptor[], logger: Logger) {
    this.#list = list.filter(
      ({ onConnection, onDisconnect }) => (onConnection ?? onDisconnect) !== undefined,
    );
    this.#logger = logger;
  }

  /** Somebody at a door that numbers nobody itself; undefined: it is kept out. */
  async come(
    door: ClientConnection['door'],
    remote: string,
    principal: Principal,
  ): Promise<Pick<Visit, 'left'> | undefined> {
    if (this.#list.length === 0) return UNASKED;
    return this.welcome({ door, id: ++this.#lastId, remote, principal });
  }

  /** Undefined: somebody keeps it out, and who had said yes before knows that it is gone. */
  async welcome(connection: ClientConnection): Promise<Visit | undefined> {
    const agreed: Interceptor[] = [];
    for (const interceptor of this.#list) {
      if (!(await this.#welcomes(interceptor, connection))) {
        this.#gone(agreed, connection);
        return undefined;
      }
      agreed.push(interceptor);
    }
    return {
      connection,
      left: () => this.#gone(agreed.splice(0), connection),
    };
  }

  async #welcomes(interceptor: Interceptor, connection: ClientConnection): Promise<boolean> {
    const { onConnection } = interceptor;
    if (onConnection === undefined) return true;
    try {
      return (await inTime(interceptor, () => onConnection.call(interceptor, connection))) === true;
    } catch (error) {
      const { door, id } = connection;
      logFailure(this.#logger, error, interceptor, 'onConnection', { door, conn: id });
      return false;
    }
  }

  #gone(agreed: readonly Interceptor[], connection: ClientConnection): void {
    for (const interceptor of agreed) {
      const { onDisconnect } = interceptor;
      if (onDisconnect !== undefined)
        notify(this.#logger, interceptor, 'onDisconnect', () => onDisconnect.call(interceptor, connection));
    }
  }
}
