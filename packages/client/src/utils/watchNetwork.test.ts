import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchNetwork } from './watchNetwork.js';

describe('watchNetwork', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('[CONN-8] tells when the browser goes off and on, until it is ended', () => {
    const page = new EventTarget();
    vi.stubGlobal('window', page);
    const heard: boolean[] = [];
    const end = watchNetwork((online) => heard.push(online));
    page.dispatchEvent(new Event('offline'));
    page.dispatchEvent(new Event('online'));
    end();
    page.dispatchEvent(new Event('offline'));
    expect(heard).toEqual([false, true]);
  });

  it('[CONN-8] never calls where nobody tells', () => {
    vi.stubGlobal('window', undefined);
    expect(watchNetwork(() => expect.unreachable())()).toBeUndefined();
  });
});
