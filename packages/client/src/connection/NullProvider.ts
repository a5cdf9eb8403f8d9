import type { Unsubscribe } from '../utils/Listeners.js';
import type { IConnectionProvider } from './IConnectionProvider.js';

/** No server: the client keeps its data on the device and its state stays `DISCONNECTED`. */
export class NullProvider implements IConnectionProvider {
  readonly hasServer = false;

  connect(): void {
    // There is nothing to connect to.
  }

  send(): void {
    // Nobody would receive it.
  }

  isConnected(): boolean {
    return false;
  }

  on(): Unsubscribe {
    return () => undefined;
  }

  close(): void {
    // Nothing was opened.
  }
}
