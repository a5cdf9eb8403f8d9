import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { waitUntil } from '../../../todo/e2e/waitUntil.js';

export interface Frame {
  readonly type: string;
  readonly topic?: string;
  readonly payload?: unknown;
  readonly from_user?: string | null;
  readonly reply_to?: string;
  readonly epoch?: string;
  readonly offset?: number;
}

/** The JSON WebSocket as a program without our client uses it. */
export class JsonSocket {
  /** everything that came */
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.frames.push(JSON.parse(String(data)) as Frame));
    // The close that follows is what matters.
    socket.on('error', () => undefined);
    onTestFinished(() => socket.terminate());
  }

  /** Resolves when the server has said who it is. */
  static async open(url: string, token: string): Promise<JsonSocket> {
    const socket = new JsonSocket(new WebSocket(url, ['topgun', `topgun.bearer.${token}`]));
    await socket.find(({ type }) => type === 'system');
    return socket;
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Hears a topic from now on. */
  async subscribe(topic: string): Promise<void> {
    this.send({ type: 'subscribe', topic });
    await this.find((frame) => frame.type === 'subscribed' && frame.topic === topic);
  }

  /** Says something, and waits until it is accepted. */
  async say(topic: string, payload: unknown, id: string): Promise<void> {
    this.send({ type: 'message', topic, payload, message_id: id });
    await this.find(({ type, reply_to }) => type === 'ack' && reply_to === id);
  }

  /** What was said on a topic. */
  messages(topic: string): readonly Frame[] {
    return this.frames.filter((frame) => frame.type === 'message' && frame.topic === topic);
  }

  /** The place of the last message on a topic, to come back to. */
  placeIn(topic: string): string {
    const { epoch, offset } = this.messages(topic).at(-1) as Frame;
    return `${topic}@${epoch}:${offset}`;
  }

  find(isIt: (frame: Frame) => boolean): Promise<Frame> {
    return waitUntil('the frame comes', () => this.frames.find(isIt), {
      explain: () => JSON.stringify(this.frames.slice(-5)),
    });
  }

  /** Whether the server has ended it. */
  get isOver(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }

  close(): void {
    this.#socket.terminate();
  }
}
