import { describe, expect, it } from 'vitest';
import { chooseProtocol, tokenOfHandshake } from './tokenOfHandshake.js';

describe('tokenOfHandshake', () => {
  it.each<[string, Parameters<typeof tokenOfHandshake>[0], string | undefined]>([
    ['nothing', {}, undefined],
    ['the header', { authorization: 'Bearer a.b.c' }, 'a.b.c'],
    ['the header in small letters', { authorization: 'bearer a.b.c' }, 'a.b.c'],
    ['another scheme', { authorization: 'Basic YTpi' }, undefined],
    ['a header without a token', { authorization: 'Bearer' }, ''],
    ['a header with two', { authorization: 'Bearer a b' }, ''],
    ['a subprotocol', { 'sec-websocket-protocol': 'topgun, topgun.bearer.a.b.c' }, 'a.b.c'],
    ['other subprotocols', { 'sec-websocket-protocol': 'topgun,graphql-ws' }, undefined],
    ['the same twice', { authorization: 'Bearer a', 'sec-websocket-protocol': 'topgun.bearer.a' }, 'a'],
    ['two', { authorization: 'Bearer a', 'sec-websocket-protocol': 'topgun.bearer.b' }, 'several'],
    ['two subprotocols', { 'sec-websocket-protocol': 'topgun.bearer.a,topgun.bearer.b' }, 'several'],
  ])('[AUTH-20] of %s', (_, headers, token) => {
    expect(tokenOfHandshake(headers)).toBe(token);
  });

  it('[AUTH-20] what is answered is never the token', () => {
    expect(chooseProtocol(new Set(['topgun.bearer.a', 'topgun']))).toBe('topgun');
    expect(chooseProtocol(new Set(['topgun.bearer.a', 'other']))).toBe('other');
    expect(chooseProtocol(new Set(['topgun.bearer.a']))).toBe(false);
  });
});
