import type { Unsubscribe } from '../utils/Listeners.js';

/** What a connection tells. `disconnected` ends every attempt of `connect` that failed and every connection that was open. */
export interface ConnectionEvents {
  connected: undefined;
  /** One frame as it came from the socket. */
  message: Uint8Array;
  /**
   * A WebSocket close code; 1006 when the connection broke without one. `elsewhere`: another node is there to be connected to, so there is
   * nothing to wait for.
   */
  disconnected: { readonly code: number; readonly reason: string; readonly elsewhere?: boolean };
}

/**
 * How a client reaches a server: moves frames and knows nothing of what is in them. When to connect, to wait and to
 * give up is decided by the client's engine, so a provider never reconnects by itself.
 *
 * Events are delivered after the call that caused them has returned, never inside it.
 */
export interface IConnectionProvider {
  /** False for a provider that never connects: the client then works on the device alone. */
  readonly hasServer: boolean;
  /** Opens a new connection, giving up one that is open or being opened. `connected` or `disconnected` follows. */
  connect(): void;
  /** Sends one frame; without a connection it is dropped, which the engine finds by the missing answer. */
  send(frame: Uint8Array): void;
  isConnected(): boolean;
  on<E extends keyof ConnectionEvents>(event: E, callback: (value: ConnectionEvents[E]) => void): Unsubscribe;
  /** Closes the connection, if any; `disconnected` follows at once, without waiting for the other end. */
  close(code?: number): void;
}
