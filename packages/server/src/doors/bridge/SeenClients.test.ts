import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { originOf, SeenClients } from './SeenClients.js';

const app = { clientId: 'aa', ip: '10.0.0.1', origin: 'https://app.example', userAgent: 'b' };

describe('verify', () => {
  it.each([
    ['https://app.example/path?x#y', '10.0.0.1', 'ok'],
    ['https://APP.example:443', '10.0.0.1', 'ok'],
    ['https://app.example', '10.0.0.2', 'warning'],
    ['https://evil.example', '10.0.0.1', 'danger'],
    ['https://app.example@evil.example', '10.0.0.1', 'danger'],
    ['http://app.example', '10.0.0.1', 'danger'],
    ['app.example', '10.0.0.1', 'danger'],
  ])('[BRG-29] says of %s asked from %s: %s', (url, ip, verdict) => {
    const seen = new SeenClients();
    seen.add(app, 0);
    expect(seen.verify('AA', url, ip, 1)).toBe(verdict);
  });

  it('[BRG-29] the least suspicious of several connections counts, and who was never seen is unknown', () => {
    const seen = new SeenClients();
    seen.add({ ...app, origin: 'https://evil.example' }, 0);
    seen.add(app, 0);
    expect(seen.verify('aa', app.origin, app.ip, 1)).toBe('ok');
    expect(seen.verify('bb', app.origin, app.ip, 1)).toBe('unknown');
  });

  it('[BRG-29] IPv6 addresses are compared as addresses', () => {
    const seen = new SeenClients();
    seen.add({ ...app, ip: '2001:db8::1' }, 0);
    expect(seen.verify('aa', app.origin, '2001:0DB8:0:0:0:0:0:1', 1)).toBe('ok');
    expect(seen.verify('aa', app.origin, '2001:db8::2', 1)).toBe('warning');
  });

  it('[BRG-29] forgets after 300 s, counted from the last connection', () => {
    const seen = new SeenClients();
    seen.add(app, 0);
    seen.add(app, 100_000);
    expect(seen.verify('aa', app.origin, app.ip, 399_999)).toBe('ok');
    expect(seen.verify('aa', app.origin, app.ip, 400_000)).toBe('unknown');
  });

  it('[BRG-29] is bounded: by clients, whose least recently seen goes, and by connections of one', () => {
    const seen = new SeenClients(3);
    for (const clientId of ['a', 'b', 'c', 'a', 'd']) seen.add({ ...app, clientId }, 0);
    expect(seen.clients).toBe(3);
    expect(seen.verify('b', app.origin, app.ip, 1)).toBe('unknown');
    expect(seen.verify('a', app.origin, app.ip, 1)).toBe('ok');
    for (let n = 0; n <= LIMITS.bridgeSeenPerClient; n++) seen.add({ ...app, ip: `10.1.0.${n}` }, 0);
    expect(seen.verify('aa', app.origin, '10.1.0.0', 1)).toBe('warning');
    expect(seen.verify('aa', app.origin, '10.1.0.1', 1)).toBe('ok');
  });

  it('[BRG-29] who is silent for 300 s makes room at the next connection', () => {
    const seen = new SeenClients();
    for (const clientId of ['a', 'b', 'c']) seen.add({ ...app, clientId }, 0);
    seen.add(app, 300_000);
    expect(seen.clients).toBe(1);
  });

  it('[BRG-29] the origin of a URL is scheme and host, of another text the text', () => {
    expect(originOf('https://user@a.example:8443/b')).toBe('https://a.example:8443');
    expect(originOf('http://[2001:DB8::1]:8080/x')).toBe('http://[2001:db8::1]:8080');
    expect(originOf('tg://resolve/x')).toBe('tg://resolve');
    for (const text of ['', 'null', 'a.example', 'localhost:3000', '//a']) expect(originOf(text)).toBe(text);
  });
});
