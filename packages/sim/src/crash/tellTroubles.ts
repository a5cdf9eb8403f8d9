import type { TopGunClient } from '@topgun/client';

/** Tells what an app would be told of by its client: errors, rejections, a connection given up. */
export function tellTroubles(client: TopGunClient, tell: (trouble: string) => void): void {
  client.onError(({ code }) => tell(`error ${code}`));
  client.onAuthError(({ code }) => tell(`auth error ${code}`));
  client.onRejection(({ code }) => tell(`rejection ${code}`));
  client.onConnectionStateChange(({ state }) => {
    if (state === 'ERROR') tell('state ERROR');
  });
}
