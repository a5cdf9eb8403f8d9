import type { TopGunClientOptions } from '../config/options.js';
import type { IConnectionProvider } from './IConnectionProvider.js';
import { NullProvider } from './NullProvider.js';
import { SingleServerProvider } from './SingleServerProvider.js';

/** The way to the server that the options name; none of them means that there is no server. */
export function providerOf(options: TopGunClientOptions): IConnectionProvider {
  if (options.connectionProvider !== undefined) return options.connectionProvider;
  if (options.serverUrl === undefined) return new NullProvider();
  const { serverUrl: url, webSocket } = options;
  return new SingleServerProvider({ url, webSocket });
}
