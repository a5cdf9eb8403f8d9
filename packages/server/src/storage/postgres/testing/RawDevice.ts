import { encode, OUTCOME, PROTOCOL_VERSION, type ServerMessage } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { WebSocket } from 'ws';
import { until } from './testDatabases.js';

/** A device reduced to what it sends and hears. */
export class RawDevice {
  readonly heard: ServerMessage[] = [];
  readonly #socket: WebSocket;
  readonly #session: string;

  private constructor(port: number, name: string) {
    this.#session = name.padEnd(11, '_');
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    this.#socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) if (decoded.ok) this.heard.push(decoded.message);
    });
    this.#socket.on('error', () => undefined);
  }

  /** Resolves when it is let in. */
  static async open(port: number, name = 'device'): Promise<RawDevice> {
    const device = new RawDevice(port, name);
    const versions: [number, number] = [PROTOCOL_VERSION, PROTOCOL_VERSION];
    const clientId = name.padEnd(22, '_');
    device.#socket.on('open', () =>
      device.#socket.send(encode({ type: 'AUTH', versions, clientId, sessions: [device.#session] })),
    );
    await until(() => device.heard.some(({ type }) => type === 'AUTH_ACK'));
    return device;
  }

  /** Writes `value` under a key of the map `todos`. `concern`: by default that it lasts; `aheadMs`: of its stamp. */
  put(seq: number, key: string, value: unknown, concern: 1 | 2 | 4 = 4, aheadMs = -1_000): void {
    const [ack] = this.heard.flatMap((message) => (message.type === 'AUTH_ACK' ? [message] : []));
    const t = (Date.now() + aheadMs) * 2048 + seq;
    this.#socket.send(
      encode({
        type: 'OPS',
        session: this.#session,
        settledBelow: 0,
        incarnation: ack?.incarnation ?? '',
        concern,
        maps: ['todos'],
        rows: [[seq, 0, 0, key, t, null, value]],
      }),
    );
  }

  /** Seqs that were answered at a level, as they came; 4: durable. */
  answered(level = 4): number[] {
    return this.heard.flatMap((message) =>
      message.type === 'OP_ACK' && message.level === level
        ? message.spans.flatMap(([from, count, outcome]) =>
            outcome === OUTCOME.REJECTED ? [] : Array.from({ length: count }, (_, i) => from + i),
          )
        : [],
    );
  }

  close(): void {
    this.#socket.terminate();
  }
}
