import type { Announcer } from './Announcer.js';
import type { Replica } from './Replica.js';

/** Has those who watch a map hear when all of it is here, or not any more. */
export class WholeMaps {
  #whole = new Set<string>();

  tell(replica: Replica, isWhole: (map: string) => boolean, announcer: Announcer): void {
    const before = this.#whole;
    this.#whole = new Set();
    for (const map of replica.watched()) {
      if (isWhole(map)) this.#whole.add(map);
      if (this.#whole.has(map) !== before.has(map)) announcer.add({ type: 'whole', map });
    }
  }
}
