import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

const UNIX_S = 2_208_988_800;

/** What a reply says in place of the usual. */
export interface ReplyParts {
  readonly leap?: number;
  readonly mode?: number;
  readonly stratum?: number;
  /** refid, as four letters: why a server of stratum 0 does not want to be asked */
  readonly kiss?: string;
  readonly origin?: Uint8Array;
  /** ms */
  readonly rootDelayMs?: number;
  readonly receivedMs?: number;
  readonly sentMs?: number;
}

/** The reply to a request by a server whose clock says `nowMs`. */
export function replyTo(request: Uint8Array, nowMs: number, parts: ReplyParts = {}): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  const { leap = 0, mode = 4, stratum = 2, kiss = '', rootDelayMs = 20 } = parts;
  view.setUint8(0, (leap << 6) | (4 << 3) | mode);
  view.setUint8(1, stratum);
  view.setUint32(4, (rootDelayMs / 1000) * 2 ** 16);
  for (const [i, letter] of [...kiss].entries()) bytes[12 + i] = letter.charCodeAt(0);
  bytes.set(parts.origin ?? request.subarray(40, 48), 24);
  putTime(view, 32, parts.receivedMs ?? nowMs);
  putTime(view, 40, parts.sentMs ?? nowMs);
  return bytes;
}

function putTime(view: DataView, at: number, ms: number): void {
  if (ms === 0) return;
  const seconds = Math.floor(ms / 1000);
  view.setUint32(at, (seconds + UNIX_S) % 2 ** 32);
  view.setUint32(at + 4, Math.floor(((ms - seconds * 1000) / 1000) * 2 ** 32));
}

/** A time server on loopback that does as the test says. */
export class FakeNtpServer {
  /** what it sends for a request: nothing, or any packets */
  answer: (request: Uint8Array) => readonly Uint8Array[] = () => [];
  readonly requests: { readonly bytes: Uint8Array; readonly from: RemoteInfo }[] = [];
  readonly #socket: Socket = createSocket('udp4');
  #asked: () => void = () => undefined;

  constructor() {
    this.#socket.on('message', (bytes, from) => {
      this.requests.push({ bytes, from });
      for (const reply of this.answer(bytes)) this.send(reply, from);
      this.#asked();
    });
  }

  /** Its address, as the setting takes it. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  /** Resolves when it was asked that often. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count)
      await new Promise<void>((resolve) => {
        this.#asked = resolve;
      });
  }

  send(reply: Uint8Array, to: RemoteInfo): void {
    this.#socket.send(reply, to.port, to.address);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}
