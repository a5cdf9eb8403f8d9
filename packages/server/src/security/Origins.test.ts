import { describe, expect, it } from 'vitest';
import { Origins } from './Origins.js';

describe('Origins', () => {
  it('[NET-3] with origins listed exactly these may connect; programs without an origin may', () => {
    const origins = new Origins({ origins: ['https://app.example'], loopbackOnly: false });
    expect(origins.mayConnect({ origin: 'https://app.example' })).toBe(true);
    expect(origins.mayConnect({})).toBe(true);
    for (const origin of [
      'https://app.example.evil',
      'http://app.example',
      'https://app.example:444',
      'null',
      '',
    ])
      expect([origin, origins.mayConnect({ origin })]).toEqual([origin, false]);
  });

  it('[NET-3] without a list any page may connect but one without an origin', () => {
    const origins = new Origins({ loopbackOnly: false });
    expect(origins.mayConnect({ origin: 'https://any.example' })).toBe(true);
    expect(origins.mayConnect({ origin: 'null' })).toBe(false);
    expect(new Origins({ origins: ['null'], loopbackOnly: false }).mayConnect({ origin: 'null' })).toBe(true);
  });

  it('[OPS-31] in development pages of other hosts, and foreign names for this one, are refused', () => {
    const origins = new Origins({ loopbackOnly: true });
    expect(origins.mayConnect({ origin: 'http://localhost:5173', host: '127.0.0.1:8080' })).toBe(true);
    expect(origins.mayConnect({ origin: 'https://evil.example', host: 'localhost:8080' })).toBe(false);
    expect(origins.mayConnect({ origin: 'http://localhost.evil.example', host: 'localhost' })).toBe(false);
    expect(origins.mayConnect({ host: 'rebound.example:8080' })).toBe(false);
    expect(origins.mayConnect({ origin: 'null', host: 'localhost' })).toBe(false);
  });

  it('[NET-4] only pages of listed origins may read answers over HTTP', () => {
    expect(new Origins({ loopbackOnly: false }).mayRead('https://any.example')).toBe(false);
    const origins = new Origins({ origins: ['https://app.example'], loopbackOnly: false });
    expect(origins.mayRead('https://app.example')).toBe(true);
    expect(origins.mayRead('https://app.example.evil')).toBe(false);
  });
});
