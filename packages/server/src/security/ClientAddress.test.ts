import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKey, isNetwork, plainAddress } from './addresses.js';
import { ClientAddress } from './ClientAddress.js';

const request = (remoteAddress: string, headers: Record<string, string> = {}) => ({
  headers,
  socket: { remoteAddress },
});
const proxies = new ClientAddress({
  trustedProxies: ['10.0.0.0/8', '2001:db8::/32'],
  proxyHeader: 'x-forwarded-for',
});
const seenBehind = (hops: string): string => proxies.of(request('10.0.0.1', { 'x-forwarded-for': hops }));

describe('ClientAddress', () => {
  it('[NET-6] nobody is believed who is no trusted proxy', () => {
    const claim = { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4' };
    expect(new ClientAddress({ proxyHeader: 'x-forwarded-for' }).of(request('10.0.0.1', claim))).toBe(
      '10.0.0.1',
    );
    expect(proxies.of(request('192.0.2.1', claim))).toBe('192.0.2.1');
  });

  it('[NET-6] behind a proxy the header is read from the right, up to the first that is no proxy', () => {
    expect(seenBehind('198.51.100.7')).toBe('198.51.100.7');
    expect(seenBehind('6.6.6.6, 198.51.100.7, 10.2.2.2')).toBe('198.51.100.7');
    expect(seenBehind('10.3.3.3,10.2.2.2')).toBe('10.3.3.3');
    expect(seenBehind('198.51.100.7:1234')).toBe('198.51.100.7');
    expect(seenBehind('[2001:db9::7]:1234')).toBe('2001:db9::7');
    expect(seenBehind('2001:db9::7')).toBe('2001:db9::7');
    expect(seenBehind('::ffff:198.51.100.7')).toBe('198.51.100.7');
  });

  it('[NET-6] what is missing or garbled ends at the last proxy that is known', () => {
    expect(proxies.of(request('10.0.0.1'))).toBe('10.0.0.1');
    for (const hops of ['', 'unknown', '198.51.100.7, unknown', 'a b', '1.2.3', '198.51.100.7,', '_hidden'])
      expect([hops, seenBehind(hops)]).toEqual([hops, '10.0.0.1']);
    expect(seenBehind('unknown, 10.2.2.2')).toBe('10.2.2.2');
  });

  it('[NET-6] only the header that the proxies write counts', () => {
    const headers = {
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'for=1.1.1.1, for="[2001:db9::7]:80";proto=https;by=10.0.0.1',
    };
    expect(proxies.of(request('10.0.0.1', headers))).toBe('6.6.6.6');
    const standard = new ClientAddress({ trustedProxies: ['10.0.0.1'], proxyHeader: 'forwarded' });
    expect(standard.of(request('10.0.0.1', headers))).toBe('2001:db9::7');
    expect(standard.of(request('10.0.0.1', { forwarded: 'proto=https;For=198.51.100.7' }))).toBe(
      '198.51.100.7',
    );
  });

  it('[NET-6] a client that writes the header itself is never taken for another', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 8 }), fc.constant('10.1.1.1'));
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 6 }), (forged) => {
        const line = [...forged.map((entry) => entry.replaceAll(',', '')), '198.51.100.7', '10.2.2.2'].join(
          ',',
        );
        expect(seenBehind(line)).toBe('198.51.100.7');
      }),
    );
  });

  it('[NET-6] an IPv4 address over IPv6 is the IPv4 address', () => {
    expect(plainAddress('::ffff:127.0.0.1')).toBe('127.0.0.1');
    expect(proxies.of(request('::ffff:10.0.0.1', { 'x-forwarded-for': '198.51.100.7' }))).toBe(
      '198.51.100.7',
    );
    expect(proxies.isProxy('::ffff:10.0.0.1')).toBe(true);
  });
});

describe('addresses', () => {
  it('[LMT-11] limits know an IPv6 address by its network of 64 bits', () => {
    expect(addressKey('192.0.2.1')).toBe('192.0.2.1');
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(addressKey('2001:0db8:0001:0002::')).toBe('2001:db8:1:2::/64');
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
    expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressKey('2001:db8::1:2:3:4')).toBe('2001:db8:0:0::/64');
    expect(addressKey('64:ff9b::192.0.2.1')).toBe('64:ff9b:0:0::/64');
  });

  it('[NET-6] a network is an address with or without a length', () => {
    for (const good of ['10.0.0.0/8', '127.0.0.1', '2001:db8::/32', '::1', '0.0.0.0/0', '::/128'])
      expect([good, isNetwork(good)]).toEqual([good, true]);
    for (const bad of [
      '',
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      'host',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '10.0.0.0/x',
    ])
      expect([bad, isNetwork(bad)]).toEqual([bad, false]);
  });
});
