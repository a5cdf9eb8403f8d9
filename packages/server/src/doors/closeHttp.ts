import type { Server } from 'node:http';

/** Takes no more requests, answers those that have come, for at most `waitMs`, and ends all connections. */
export async function closeHttp(http: Server, waitMs: number): Promise<void> {
  if (!http.listening) return http.closeAllConnections();
  const closed = new Promise((resolve) => http.close(resolve));
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), waitMs);
  await closed;
  clearTimeout(cut);
}
