import { createHash } from 'node:crypto';
import { familyOf } from '../metrics/mapFamilies.js';
import type { Logger } from '../utils/logger.js';
import type { Bus, BusListener, Draft, History, Position, Retention, TopicMessage } from './ports.js';
import { isRoom, roomOfTopic } from './rooms/Rooms.js';

export interface NotedBusParts {
  readonly bus: Bus;
  readonly logger: Logger;
  /** of this node */
  readonly nodeId: string;
  readonly wallMs: () => number;
}

/** Of 64 hexadecimal digits so many tell rooms apart, and kinds of events. */
const DIGITS = 12;

/**
 * A bus that logs, at the level debug, what is published on this node and what is heard here (OBS-37). The id of a message is the same on all
 * nodes, so its lines are found by it wherever they are.
 */
export class NotedBus implements Bus {
  readonly #parts: NotedBusParts;

  constructor(parts: NotedBusParts) {
    this.#parts = parts;
  }

  open(listener: BusListener): Promise<void> {
    const { bus, logger, wallMs } = this.#parts;
    return bus.open({
      message: (message) => {
        if (this.#isOn) {
          const lagMs = Math.max(0, wallMs() - message.ts);
          logger.debug({ ...this.#about(message), from: message.node, lagMs }, 'topic message heard');
        }
        listener.message(message);
      },
      lost: (topic) => {
        if (this.#isOn) logger.debug(this.#where(topic), 'topic messages lost');
        listener.lost(topic);
      },
    });
  }

  listen(topic: string): void {
    this.#parts.bus.listen(topic);
  }

  unlisten(topic: string): void {
    this.#parts.bus.unlisten(topic);
  }

  send(draft: Draft): void {
    this.#published(draft);
    this.#parts.bus.send(draft);
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const accepted = this.#parts.bus.append(draft, retention);
    if (!this.#isOn) return accepted;
    return accepted.then(
      (message) => {
        this.#published(draft);
        return message;
      },
      (error: unknown) => {
        const { code } = Object(error) as { readonly code?: unknown };
        this.#parts.logger.debug({ ...this.#about(draft), code }, 'topic message refused');
        throw error;
      },
    );
  }

  read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    return this.#parts.bus.read(topic, after, limit);
  }

  get status(): 'ok' | 'degraded' {
    return this.#parts.bus.status;
  }

  close(): Promise<void> {
    return this.#parts.bus.close();
  }

  get #isOn(): boolean {
    return this.#parts.logger.isLevelEnabled('debug');
  }

  #published(draft: Draft): void {
    if (this.#isOn) this.#parts.logger.debug(this.#about(draft), 'topic message published');
  }

  #about({ topic, name, id }: Draft): object {
    return { ...this.#where(topic), ...(name !== '' && { event: digestOf(name) }), message: id };
  }

  #where(topic: string): object {
    const { nodeId } = this.#parts;
    const shown = /[:/]/.test(topic) ? familyOf(topic) : digestOf(topic);
    return { nodeId, topic: shown, ...(isRoom(topic) && { room: digestOf(roomOfTopic(topic)) }) };
  }
}

/** What a room, an event and a topic of one part are called in logs: their names are given by apps, and may be those of persons. */
const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
