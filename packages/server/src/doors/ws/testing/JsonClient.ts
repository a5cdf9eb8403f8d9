import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** A frame of the server, as it came. */
export interface Frame {
  readonly type: string;
  readonly payload: unknown;
  readonly timestamp: string;
  readonly from_user?: string | null;
  readonly message_id?: string;
  readonly reply_to?: string;
  readonly topic?: string;
  readonly epoch?: string;
  readonly offset?: number;
}

/** What the server's own frames say in their payloads; each says a part of it. */
export interface Told {
  readonly code?: string;
  readonly event?: string;
  readonly retry_after_ms?: number;
  readonly resume?: Readonly<Record<string, { readonly epoch: string; readonly offset: number }>>;
  readonly recovered?: boolean;
  readonly epoch?: string;
  readonly offset?: number;
  readonly tenant_id?: string | null;
  readonly user_id?: string;
  readonly messages?: readonly Frame[];
  readonly has_more?: boolean;
}

/** The payload of a frame that the server made itself. */
export const toldBy = ({ type, payload }: Frame): Told => {
  if (typeof payload !== 'object' || payload === null) throw new Error(`A ${type} frame tells nothing.`);
  return payload;
};

export interface Opening {
  readonly header?: string;
  readonly protocols?: readonly string[];
  /** behind the path, with its question mark */
  readonly query?: string;
  readonly path?: string;
}

/** A client of the door as a program would write one. */
export class JsonClient {
  readonly ws: WebSocket;
  /** those that nobody has taken */
  readonly received: Frame[] = [];
  readonly closed: Promise<readonly [code: number, reason: string]>;
  #heard: () => void = () => undefined;
  #settled = 0;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => resolve([code, reason.toString()]));
    });
    ws.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('The door says only texts.');
      this.received.push(JSON.parse(data.toString()) as Frame);
      this.#heard();
    });
  }

  static open(
    port: number,
    { header, protocols = [], query = '', path = '/ws' }: Opening,
  ): Promise<JsonClient | number> {
    const headers = header === undefined ? {} : { authorization: header };
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path}${query}`, [...protocols], { headers });
    const client = new JsonClient(ws);
    return new Promise((resolve, reject) => {
      ws.once('open', () => resolve(client));
      ws.once('unexpected-response', (_, response: IncomingMessage) => {
        ws.terminate();
        resolve(response.statusCode ?? 0);
      });
      ws.once('error', reject);
    });
  }

  send(frame: object): void {
    this.ws.send(JSON.stringify(frame));
  }

  /** The next frame of a type, which is then taken; others wait. */
  async take(type: string): Promise<Frame> {
    return this.find((frame) => frame.type === type);
  }

  async find(isIt: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const at = this.received.findIndex(isIt);
      if (at >= 0) return this.received.splice(at, 1)[0] as Frame;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** What it asked is answered, and what was said to it before has come. */
  async settle(): Promise<void> {
    const mark = `settled-${++this.#settled}`;
    this.send({ type: 'ping', message_id: mark });
    await this.find(({ reply_to }) => reply_to === mark);
  }

  /**
   * What either side had sent has arrived, the answer to a ping of the server too; or it is closed. Two round trips of
   * control frames, which no door counts as a sign of life.
   */
  async beat(): Promise<void> {
    for (let trip = 0; trip < 2 && this.ws.readyState === WebSocket.OPEN; trip++) {
      const back = new Promise((resolve) => this.ws.once('pong', resolve));
      this.ws.ping();
      await Promise.race([back, this.closed]);
    }
  }

  /** Frames that came of a type, in order, and are taken. */
  drain(type: string): Frame[] {
    const found = this.received.filter((frame) => frame.type === type);
    for (const frame of found) this.received.splice(this.received.indexOf(frame), 1);
    return found;
  }
}
