import { assertAdmitted, TopGunError } from '@topgun/core';
import { LIMITS, valueToJson } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { PublishOptions } from './ports.js';

/** Throws TOPIC_INVALID unless it is a text of 1 to 256 characters, as the binary door takes them. */
export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== 'string' || topic === '' || LONE.test(topic) || charsOf(topic) > LIMITS.topicChars)
    throw invalid(`A topic is a text of 1 to ${LIMITS.topicChars} characters.`);
}

/** Throws TOPIC_INVALID for what no log and no door could carry. */
export function checkMessage(data: unknown, { name = '', id, ttlMs, from = '' }: PublishOptions): void {
  if (LONE.test(name) || charsOf(name) > LIMITS.eventNameChars)
    throw invalid(`name has more than ${LIMITS.eventNameChars} characters, or half of one.`);
  if (/[\r\n\0]/.test(name)) throw invalid('name has more than one line.');
  if (id !== undefined && !MESSAGE_ID.test(id))
    throw invalid(`id is not 1 to ${LIMITS.messageIdChars} of A-Z a-z 0-9 _ -.`);
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0))
    throw invalid('ttlMs is not a whole number of ms above 0.');
  if (LONE.test(from) || charsOf(from) > LIMITS.userIdChars)
    throw invalid(`from has more than ${LIMITS.userIdChars} characters, or half of one.`);
  try {
    // Unlike a record, a message may be nothing but its name.
    if (data !== null) assertAdmitted(data, DATA_LIMITS);
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    throw serverError('TOPIC_INVALID', `data: ${error.message}`, error);
  }
}

/** Throws TOPIC_INVALID for what nobody could say of himself in a room. */
export function checkState(state: unknown): void {
  if (state === undefined) return;
  checkMessage(state, {});
  if (Buffer.byteLength(JSON.stringify(valueToJson(state))) > LIMITS.presenceStateBytes)
    throw invalid(`state has more than ${LIMITS.presenceStateBytes} bytes as JSON.`);
}

/** Half of a character. */
const LONE = /\p{Surrogate}/u;
/** As much as a frame of the binary door carries, for what came by it is told by all others. */
const DATA_LIMITS = { depth: LIMITS.depth, nodes: LIMITS.nodes, textBytes: LIMITS.topicTextBytes };
const MESSAGE_ID = new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.messageIdChars}}$`);

/** Unicode code points; one is at most two units, so counting is rare. */
const charsOf = (text: string): number =>
  text.length <= LIMITS.eventNameChars ? text.length : [...text].length;

const invalid = (message: string): Error => serverError('TOPIC_INVALID', message);
