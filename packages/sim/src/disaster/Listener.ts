import { TopGunClient } from '@topgun/client';
import { ownStore } from '../crash/ownStore.js';
import { tellTroubles } from '../crash/tellTroubles.js';

/** What a device has heard of one topic. */
export interface Heard {
  /** ids, as they came */
  readonly ids: string[];
  /** how often it was told where it stands: once, and after each reconnection */
  standings: number;
  /** it was told that messages are lost */
  isTold: boolean;
}

/** A device that listens to topics, whatever becomes of its server. */
export class Listener {
  readonly heard = new Map<string, Heard>();
  readonly troubles: string[] = [];
  readonly #client: TopGunClient;

  constructor(serverUrl: string, token: string, name: string) {
    this.#client = new TopGunClient({
      serverUrl,
      token,
      ...ownStore(),
      backoff: { baseMs: 20, capMs: 200 },
    });
    tellTroubles(this.#client, (trouble) => this.troubles.push(`${name}: ${trouble}`));
  }

  listen(topics: readonly string[]): void {
    for (const topic of topics) {
      const heard: Heard = { ids: [], standings: 0, isTold: false };
      this.heard.set(topic, heard);
      this.#client.topic(topic).subscribe((_data, { id }) => heard.ids.push(id), {
        onStanding: ({ recovered }) => {
          heard.standings++;
          if (!recovered) heard.isTold = true;
        },
      });
    }
  }

  stop(): Promise<void> {
    return this.#client.close();
  }
}
