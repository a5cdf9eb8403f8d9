import type { Subscriber, Topics } from '../../topics/ports.js';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { SeenClients, type Sighting, type Verdict } from './SeenClients.js';

/** On which nodes tell each other where clients were seen; a topic without a log, which no policy of the bridge opens. */
const TOPIC = 'bridge:seen';

/** Where clients were seen, at this node or another one: a balancer may send the question elsewhere than the connection (BRG-29). */
export class SharedSightings {
  readonly #seen = new SeenClients();
  readonly #topics: () => Topics | undefined;
  readonly #wallMs: () => number;
  readonly #failed: (error: unknown) => void;
  readonly #hearer: Subscriber;

  constructor(parts: {
    readonly topics: () => Topics | undefined;
    readonly wallMs: () => number;
    readonly failed: (error: unknown) => void;
  }) {
    this.#topics = parts.topics;
    this.#wallMs = parts.wallMs;
    this.#failed = parts.failed;
    this.#hearer = {
      principal: SERVER_PRINCIPAL,
      deliver: ({ message: { data } }) => {
        if (isSighting(data)) this.#seen.add(data, this.#wallMs());
      },
      lost: () => undefined,
      ended: () => undefined,
    };
  }

  /** The topics are open: from now on it hears of other nodes. */
  opened(): void {
    this.#topics()?.subscribe(TOPIC, this.#hearer).catch(this.#failed);
  }

  add(sighting: Sighting): void {
    this.#seen.add(sighting, this.#wallMs());
    this.#topics()?.publish(TOPIC, sighting, SERVER_PRINCIPAL, { by: this.#hearer }).catch(this.#failed);
  }

  verify(clientId: string, url: string, ip: string): Verdict {
    return this.#seen.verify(clientId, url, ip, this.#wallMs());
  }
}

/** What a node of another version may have sent. */
function isSighting(data: unknown): data is Sighting {
  if (typeof data !== 'object' || data === null) return false;
  const fields = data as Partial<Record<keyof Sighting, unknown>>;
  return [fields.clientId, fields.ip, fields.origin, fields.userAgent].every(
    (field) => typeof field === 'string',
  );
}
