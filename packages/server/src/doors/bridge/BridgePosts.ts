import { LIMITS } from '@topgun/protocol';

export interface BridgePostsParts {
  readonly webhookUrls: readonly string[];
  readonly copyToUrl: string | undefined;
  /** told once for each request that was not answered 2xx */
  readonly failed: (url: string, why: unknown) => void;
  /** default: that of the runtime */
  readonly fetch?: typeof fetch;
}

/**
 * Tells addresses of the operator of messages that were sent (BRG-26). It asks those addresses and no other: redirects are not followed, and
 * of what strangers send only a client id, which is hexadecimal, gets into a path.
 */
export class BridgePosts {
  readonly #parts: BridgePostsParts;
  readonly #fetch: typeof fetch;
  #underWay = 0;
  /** left out because too many were under way */
  leftOut = 0;

  constructor(parts: BridgePostsParts) {
    this.#parts = parts;
    this.#fetch = parts.fetch ?? fetch;
  }

  /** A message of a client was accepted, with its body, and the query that it came with. */
  accepted(clientId: string, topic: string | undefined, query: URLSearchParams, body: string): void {
    const { webhookUrls, copyToUrl } = this.#parts;
    if (topic !== undefined && webhookUrls.length > 0) {
      const told = JSON.stringify({ topic, hash: body });
      for (const url of webhookUrls)
        this.#post(`${url.replace(/\/$/, '')}/${clientId}`, 'application/json', told);
    }
    if (copyToUrl === undefined) return;
    const copy = new URL(copyToUrl);
    copy.search = query.toString();
    this.#post(copy.href, 'text/plain;charset=UTF-8', body);
  }

  #post(url: string, contentType: string, body: string): void {
    if (this.#underWay >= LIMITS.bridgePosts) {
      this.leftOut++;
      return;
    }
    this.#underWay++;
    this.#sent(url, contentType, body)
      .catch((error: unknown) => this.#parts.failed(url, error))
      .finally(() => {
        this.#underWay--;
      });
  }

  async #sent(url: string, contentType: string, body: string): Promise<void> {
    const answer = await this.#fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': contentType },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(LIMITS.bridgePostMs),
    });
    // Nobody reads it, and its connection is not held for that.
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  }
}
