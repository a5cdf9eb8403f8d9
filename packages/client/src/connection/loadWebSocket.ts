import { clientError } from '../errors.js';

/** The part of the WebSocket interface the client uses; the browser's and that of `ws` both fit. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** The platform's WebSocket, or that of the package `ws`. Rejects with `NO_WEBSOCKET` when there is neither. */
export async function loadWebSocket(): Promise<WebSocketConstructor> {
  if (typeof globalThis.WebSocket === 'function')
    return globalThis.WebSocket as unknown as WebSocketConstructor;
  // In a variable, so that bundlers for browsers, where the line above returns, do not look for the package.
  const name = 'ws';
  try {
    const ws = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      WebSocket: WebSocketConstructor;
    };
    return ws.WebSocket;
  } catch (cause) {
    throw clientError(
      'NO_WEBSOCKET',
      'This platform has no WebSocket and the package "ws" is not installed',
      cause,
    );
  }
}
