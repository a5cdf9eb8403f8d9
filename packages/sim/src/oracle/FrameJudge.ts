import { deepEqual } from '@topgun/core';
import type { ServerMessage } from '@topgun/protocol';
import { canariesIn } from './canaries.js';
import { judgeDigits } from './judgeDigits.js';
import { judgeHashes } from './judgeHashes.js';
import { judgeAnswers, judgeRows } from './judgeRows.js';
import { type KnownData, type Place, readableOf } from './KnownData.js';
import { isToldThrough } from './outlets.js';
import { seenBy, topicMap } from './rights.js';
import { idOf, type Viewer } from './Viewer.js';
import { typeOf } from './values.js';

/** What the oracle says of a frame. */
export interface Judgement {
  /** canaries of data that its receiver may see */
  readonly permitted: number;
  /** what should not have left, in words; empty = sound */
  readonly leaks: readonly string[];
}

/**
 * Judges everything that leaves a server for somebody: the canaries in its bytes, digests of rows that are hidden, and of messages that
 * show rows, roots or outcomes that these follow from nothing but what is visible at this moment (PO-1 … PO-5).
 */
export class FrameJudge {
  readonly #data: KnownData;
  /** Frames for many are encoded once. */
  #last: { readonly bytes: Uint8Array; readonly canaries: ReadonlySet<string> } | undefined;

  constructor(data: KnownData) {
    this.#data = data;
  }

  /** A message on its way to a connection; `types`: of all messages in these bytes, where more came at once. */
  frame(
    viewer: Viewer,
    message: ServerMessage,
    bytes: Uint8Array,
    types: readonly string[] = [message.type],
  ): Judgement {
    const { permitted, leaks } = this.bytes(viewer, bytes, ...types);
    if (viewer.reader !== undefined) {
      judgeRows(this.#data, viewer, message, leaks);
      judgeAnswers(this.#data, viewer, message, leaks);
      judgeHashes(this.#data, viewer, message, leaks);
      if (message.type === 'TOPIC_MSG')
        leaks.push(...this.shown(viewer, [message.topic], message.data, message.type));
    }
    return { permitted, leaks };
  }

  /** Bytes of any kind, which hold messages of these types, or leave through these outlets. */
  bytes(
    viewer: Viewer,
    bytes: Uint8Array,
    ...types: readonly string[]
  ): { permitted: number; leaks: string[] } {
    const type = types.join();
    if (this.#last?.bytes !== bytes) this.#last = { bytes, canaries: canariesIn(bytes) };
    const leaks: string[] = [];
    let permitted = 0;
    for (const canary of this.#last.canaries) {
      if (viewer.person.named.has(canary)) continue;
      const places = this.#data.placesOf(canary);
      if (places.some((place) => types.some((each) => this.#permits(viewer, place, each)))) permitted++;
      else leaks.push(`PO-1: ${type} carries ${canary}, which ${this.#describe(places)}`);
    }
    for (const rows of this.#data.digests.in(bytes)) {
      if (rows.some((row) => this.#data.isStanding(row) && deepEqual(viewer.seen(row), readableOf(row))))
        continue;
      leaks.push(`PO-2: ${type} carries the digest of ${rows[0]?.map}/${rows[0]?.item}, which is hidden`);
    }
    return { permitted, leaks };
  }

  /** Text for people and programs: a body, headers, lines of a log. Hashes may stand in it as digits. */
  text(viewer: Viewer, bytes: Uint8Array, outlet: string): readonly string[] {
    return [...this.bytes(viewer, bytes, outlet).leaks, ...judgeDigits(this.#data, viewer, bytes, outlet)];
  }

  /** PO-14: what is shown as a message of one of these topics is one that was published there, as it is seen. */
  shown(viewer: Viewer, topics: readonly string[], data: unknown, outlet: string): readonly string[] {
    const { reader } = viewer;
    // Made by the server itself, of what others have said.
    if (topics.some((topic) => /^(presence|mailbox)\//.test(topic))) return [];
    const isSeen = topics.some((topic) =>
      this.#data.messagesOf(topic).some((message) => {
        const seen = reader === undefined ? undefined : seenBy(reader, topicMap(topic), message);
        return seen !== undefined && deepEqual(seen, data);
      }),
    );
    return isSeen
      ? []
      : [`PO-14: ${outlet} shows what nobody sees here of ${topics}: ${JSON.stringify(data)}`];
  }

  #permits(viewer: Viewer, place: Place, type: string): boolean {
    const { person, reader } = viewer;
    if (reader === undefined) return false;
    switch (place.kind) {
      case 'key':
        return person.everSaw.has(idOf(place)) || viewer.readAllInTurn(place.map);
      case 'node':
        return person.everMet.has(place.node);
      case 'message':
        return isToldThrough(type) && shows(seenBy(reader, topicMap(place.topic), place.data), place.field);
      case 'value':
        // Answers are made at the commit and leave at the end of the turn.
        return type === 'OP_ACK'
          ? this.#data.stoodInTurn(place.row) &&
              viewer.seenInTurn(place.row).some((seen) => shows(seen, place.field))
          : this.#data.isStanding(place.row) && shows(viewer.seen(place.row), place.field);
    }
  }

  #describe(places: readonly Place[]): string {
    const place = places.at(-1);
    switch (place?.kind) {
      case undefined:
        return 'was never committed';
      case 'key':
        return `is the key of a row of ${place.map} that was never seen`;
      case 'node':
        return 'names who wrote rows that were never seen';
      case 'message':
        return `was said to ${place.topic}`;
      case 'value': {
        const { map, item } = place.row;
        const state = this.#data.isStanding(place.row) ? 'is denied' : 'stands no more';
        return `lies in ${map}/${item}${place.field === undefined ? '' : `.${place.field}`} and ${state}`;
      }
    }
  }
}

const shows = (seen: unknown, field: string | undefined): boolean =>
  seen !== undefined &&
  (field === undefined || (typeOf(seen) === 'object' && Object.hasOwn(seen as object, field)));
