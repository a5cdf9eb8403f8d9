import { request } from 'node:http';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { type DoorKind, topicOf } from './requests.js';

/** Local addresses that the subscribers come from: those of one are limited in rate and number, and so are its ports. */
const ADDRESSES = 100;

export interface SubscriberOptions {
  readonly port: number;
  readonly index: number;
  readonly perTopic: number;
  readonly token?: string;
  /** everything that comes after the subscription stands */
  readonly received: (bytes: Buffer) => void;
}

/** Opens one subscriber; resolves when it hears its topic. What closes it later ends the process: nothing measured would be true. */
export type Connect = (options: SubscriberOptions) => Promise<void>;

const addressOf = (index: number): string =>
  `127.0.${1 + Math.floor(index / ADDRESSES / 250)}.${1 + (index % ADDRESSES)}`;

function lost(kind: string, why: string): never {
  throw new Error(`The server closed a subscriber of ${kind}: ${why}`);
}

/** The bare connection of a device that hears one topic. */
const binary: Connect = ({ port, index, perTopic, token, received }) =>
  new Promise((resolve, reject) => {
    const socket = webSocketOf(`ws://127.0.0.1:${port}/`, index);
    let pings = 0;
    let isOpen = false;
    socket.on('error', reject);
    socket.on('close', (code) => lost('binary', String(code)));
    socket.on('open', () => {
      const clientId = `bench-${index}`.padEnd(22, 'A');
      const sessions = [`bench${index}`.padEnd(11, 'A')];
      const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
      socket.send(
        encode({ type: 'AUTH', versions, clientId, sessions, ...(token !== undefined && { token }) }),
      );
    });
    socket.on('message', (data) => {
      if (isOpen) return received(data as Buffer);
      for (const decoded of decodeTurn(data as Buffer)) {
        if (!decoded.ok) throw new Error(`The server sent a frame that cannot be read: ${decoded.code}`);
        const { message } = decoded;
        if (message.type === 'ERROR') return reject(new Error(`A subscriber was refused: ${message.code}`));
        if (message.type !== 'AUTH_ACK') continue;
        setInterval(() => socket.send(encode({ type: 'PING', id: ++pings })), message.heartbeatMs);
        socket.send(encode({ type: 'TOPIC_SUB', topic: topicOf(index, perTopic) }));
        // Nothing is answered; what follows the subscription on the same socket comes after it.
        isOpen = true;
        resolve();
      }
    });
  });

const bareWs: Connect = ({ port, index, received }) =>
  new Promise((resolve, reject) => {
    const socket = webSocketOf(`ws://127.0.0.1:${port}/`, index);
    socket.on('error', reject);
    socket.on('open', () => resolve());
    socket.on('close', (code) => lost('ws', String(code)));
    socket.on('message', (data) => received(data as Buffer));
  });

function webSocketOf(url: string, index: number, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    localAddress: addressOf(index),
    headers,
    skipUTF8Validation: true,
  });
  socket.binaryType = 'nodebuffer';
  return socket;
}

/** A stream of events of `path`; it stands when its first event has come. */
const streamOf =
  (pathOf: (topic: string) => string): Connect =>
  ({ port, index, perTopic, token, received }) =>
    new Promise((resolve, reject) => {
      const path = pathOf(topicOf(index, perTopic));
      const headers = { ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
      const options = {
        host: '127.0.0.1',
        port,
        path,
        headers,
        localAddress: addressOf(index),
        agent: false,
      };
      const asked = request(options, (response) => {
        if (response.statusCode !== 200) {
          reject(new Error(`A stream was answered ${response.statusCode}`));
          return;
        }
        response.once('data', () => resolve());
        response.on('data', received);
        response.on('close', () => lost('SSE', 'closed'));
      });
      asked.on('error', reject).end();
    });

const socketIo: Connect = ({ port, index, received }) =>
  new Promise((resolve, reject) => {
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      localAddress: addressOf(index),
    } as Parameters<typeof io>[1]);
    socket.on('connect_error', reject);
    socket.on('connect', () => resolve());
    socket.on('disconnect', (reason) => lost('socket.io', reason));
    socket.on('message', (message: { payload: { at: string } }) => received(Buffer.from(message.payload.at)));
  });

/** JSON: it asks for its topic after the welcome, which is the first frame. */
const json: Connect = ({ port, index, perTopic, token, received }) =>
  new Promise((resolve, reject) => {
    const headers = { ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    const socket = webSocketOf(`ws://127.0.0.1:${port}/ws`, index, headers);
    const topic = topicOf(index, perTopic);
    let isOpen = false;
    socket.on('error', reject);
    socket.on('close', (code) => lost('JSON', String(code)));
    socket.once('message', () => socket.send(JSON.stringify({ type: 'subscribe', topic })));
    socket.on('message', (data) => {
      if (isOpen) return received(data as Buffer);
      const frame = JSON.parse(String(data)) as { readonly type: string; readonly topic?: string };
      if (frame.type === 'error') reject(new Error(`A subscriber was refused: ${String(data)}`));
      if (frame.type !== 'subscribed' || frame.topic !== topic) return;
      isOpen = true;
      resolve();
    });
  });

export const connectors: Readonly<Record<DoorKind, Connect>> = {
  binary,
  json,
  sse: streamOf((topic) => `/events/subscribe?topics=${encodeURIComponent(topic)}`),
  'bare-ws': bareWs,
  'bare-net': bareWs,
  'bare-sse': streamOf(() => '/'),
  'socket.io': socketIo,
};
