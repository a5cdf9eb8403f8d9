import type { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { Draft, Position, Retention } from '../ports.js';

/** What every log decides alike. */

/** What a log knows of a topic without looking at its messages. */
export interface TopicCount {
  readonly count: number;
  readonly bytes: number;
  /** place of the last message, held or not */
  readonly last: number;
  /** highest place of those that are held no more */
  readonly dropped: number;
}

/** When a message is read no more, ms since the epoch of Unix. */
export function expiryOf(draft: Draft, retention: Retention, nowMs: number): number {
  return Math.min(
    draft.expiresMs ?? Number.MAX_SAFE_INTEGER,
    nowMs + retention.ageMs,
    Number.MAX_SAFE_INTEGER,
  );
}

export const isOver = ({ count, bytes }: TopicCount, retention: Retention): boolean =>
  count > retention.count || bytes > retention.bytes;

/** The counts with one message more. */
export const withOneMore = (topic: TopicCount, size: number): TopicCount => ({
  ...topic,
  count: topic.count + 1,
  bytes: topic.bytes + size,
});

/** Whether a log of this epoch still holds all that came after a position of it. `lastGiven`: the last place it gave to any topic. */
export function isKnown(after: Position, epoch: string, dropped: number, lastGiven: number): boolean {
  return after.epoch === epoch && after.offset >= dropped && after.offset <= lastGiven;
}

/** Where reading begins: of another epoch nothing is known, so everything follows. */
export const startOf = (after: Position, epoch: string): number => (after.epoch === epoch ? after.offset : 0);

/** The time after which a topic that is empty now is forgotten, rounded up, so that one that is emptied again and again is looked at once. */
export const forgetAt = (nowMs: number): number =>
  (Math.ceil(nowMs / LIMITS.topicForgetMs) + 1) * LIMITS.topicForgetMs;

/** What a mailbox that would hold so much answers. */
export function topicFull(topic: string, isByCount: boolean, retention: Retention): TopGunError {
  return isByCount
    ? serverError('TOPIC_FULL', `Topic ${topic} holds the ${retention.count} messages that it may.`)
    : serverError('TOPIC_FULL_BYTES', `Topic ${topic} would hold more than ${retention.bytes} bytes.`);
}

export const logFull = (bytes: number): TopGunError =>
  serverError(
    'TOPIC_FULL_BYTES',
    `The messages of all topics fill the ${bytes} bytes that are kept of them.`,
  );

export const logBusy = (): TopGunError =>
  serverError('TOPIC_FULL_BYTES', `${LIMITS.topicWaitingBytes} bytes of messages wait for the disk.`);

export const logClosed = (): TopGunError => serverError('SERVER_STATE', 'The log of topics is not open.');
