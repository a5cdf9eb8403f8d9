import { serverError } from '../../errors.js';
import { dedupId } from '../itemId.js';

/** The strings of a chunk being written, each once. */
export class StringTable {
  readonly list: string[] = [];
  readonly #indexes = new Map<string, number>();
  #last = '';
  #lastIndex = -1;

  indexOf(text: string): number {
    // Rows come in runs of one map, one writer.
    if (text === this.#last && this.#lastIndex >= 0) return this.#lastIndex;
    this.#lastIndex = this.#find(text);
    this.#last = text;
    return this.#lastIndex;
  }

  #find(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.list.push(text) - 1;
      this.#indexes.set(text, index);
    }
    return index;
  }
}

/** The strings of a chunk being read. */
export class Strings {
  readonly #list: readonly string[];
  /** by session: ids of dedup states, which are asked for again and again */
  readonly #dedupIds: ({ readonly client: number; readonly id: string } | undefined)[];

  constructor(list: readonly string[]) {
    this.#list = list;
    this.#dedupIds = new Array(list.length).fill(undefined);
  }

  at(index: number): string {
    const text = this.#list[index];
    if (text === undefined)
      throw serverError('STORE_CORRUPT', `A stored chunk names string ${index}, which it does not hold.`);
    return text;
  }

  /** `dedupId` of the client and the session at these places. */
  dedupIdAt(client: number, session: number): string {
    const known = this.#dedupIds[session];
    if (known?.client === client) return known.id;
    const id = dedupId(this.at(client), this.at(session));
    this.#dedupIds[session] = { client, id };
    return id;
  }
}
