import { createHash } from 'node:crypto';
import type { Position } from '../../topics/ports.js';

const PRINT_CHARS = 6;

/** Names the topics that an id belongs to, so that one of other topics is known as such. */
const printOf = (topics: readonly string[]): string =>
  createHash('sha256').update(topics.join('\n')).digest('base64url').slice(0, PRINT_CHARS);

/**
 * How far a connection has come in each of its topics, as the id of an event (SSE-21): `<print>.<epochs>.<places>`, such as
 * `mX3f0a.k7~q2.2tq5gk8v4s,,17~1`. It is stateless: any node can go on from it.
 *
 * Offsets are kept as numbers and epochs once, for there is one of these for each connection.
 */
export class EventPlaces {
  readonly #topics: readonly string[];
  readonly #offsets: number[];
  /** for each topic where its epoch stands in `#epochs`; -1: no place */
  readonly #epochAt: number[];
  #epochs: string[] = [];
  /** all but the places */
  #head: string | undefined;

  /** `topics`: in the order that every connection with the same topics has. */
  constructor(topics: readonly string[]) {
    this.#topics = topics;
    this.#offsets = topics.map(() => 0);
    this.#epochAt = topics.map(() => -1);
  }

  /** Where the topic stands; -1 when it is none of these. */
  indexOf(topic: string): number {
    return this.#topics.length === 1 && this.#topics[0] === topic ? 0 : this.#topics.indexOf(topic);
  }

  /** A topic without a log has no place. */
  set(at: number, { epoch, offset }: Position): void {
    this.#offsets[at] = offset;
    const now = this.#epochAt[at] ?? -1;
    if (now >= 0 ? this.#epochs[now] === epoch : epoch === '') return;
    this.#epochAt[at] = -1;
    this.#forgetEpochs();
    if (epoch === '') return;
    let found = this.#epochs.indexOf(epoch);
    if (found < 0) found = this.#epochs.push(epoch) - 1;
    this.#epochAt[at] = found;
  }

  /** The place in one topic, undefined where it has none. */
  at(at: number): Position | undefined {
    const epoch = this.#epochs[this.#epochAt[at] ?? -1];
    return epoch === undefined ? undefined : { epoch, offset: this.#offsets[at] as number };
  }

  get id(): string {
    this.#head ??= `${printOf(this.#topics)}.${this.#epochs.map(escaped).join('~')}.`;
    let id = this.#head;
    for (let at = 0; at < this.#offsets.length; at++) {
      if (at > 0) id += ',';
      const epoch = this.#epochAt[at] as number;
      if (epoch < 0) continue;
      id += (this.#offsets[at] as number).toString(36);
      if (epoch > 0) id += `~${epoch}`;
    }
    return id;
  }

  /** Those that no topic is of any more; ids stay short however many there have been. */
  #forgetEpochs(): void {
    this.#head = undefined;
    const used = [...new Set(this.#epochAt.filter((epoch) => epoch >= 0))].sort((a, b) => a - b);
    this.#epochs = used.map((epoch) => this.#epochs[epoch] as string);
    for (const [at, epoch] of this.#epochAt.entries())
      if (epoch >= 0) this.#epochAt[at] = used.indexOf(epoch);
  }

  /**
   * The places in an id of these topics, undefined for a topic without one; 'foreign' when it is an id of other topics, or none at all.
   */
  static read(id: string, topics: readonly string[]): readonly (Position | undefined)[] | 'foreign' {
    const [print, epochList, placeList, ...rest] = id.split('.');
    if (print !== printOf(topics) || epochList === undefined || placeList === undefined || rest.length > 0)
      return 'foreign';
    const epochs = epochList === '' ? [] : epochList.split('~').map(unescaped);
    const places = placeList.split(',');
    if (places.length !== topics.length || epochs.includes(undefined)) return 'foreign';
    const read: (Position | undefined)[] = [];
    for (const place of places) {
      if (place === '') {
        read.push(undefined);
        continue;
      }
      const [, digits = '', at = '0'] = /^([\da-z]{1,11})(?:~(\d{1,3}))?$/.exec(place) ?? [];
      const offset = Number.parseInt(digits, 36);
      const epoch = epochs[Number(at)];
      if (epoch === undefined || !Number.isSafeInteger(offset)) return 'foreign';
      read.push({ epoch, offset });
    }
    return read;
  }
}

/** Its own marks are escaped, too. */
const escaped = (epoch: string): string =>
  encodeURIComponent(epoch).replaceAll('.', '%2E').replaceAll('~', '%7E');

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined;
  }
}
