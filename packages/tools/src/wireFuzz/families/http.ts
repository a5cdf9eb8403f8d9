import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Family } from '../Family.js';
import { goodClaims, jwtOf, USER } from '../identity.js';
import { asked, family } from './probes.js';

const GET_PATHS = ['/health', '/ready', '/version', '/metrics', '/api/status'] as const;

/** A request that ends the connection behind its answer. */
const request = (host: string, line: string, headers: readonly string[] = [], body = ''): string =>
  [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', body].join('\r\n');

export const simple = (
  name: string,
  status: readonly number[],
  make: (
    rng: Rng,
    around: Around,
  ) => { readonly line: string; readonly headers?: readonly string[]; readonly body?: string },
): Family =>
  asked('http', name, status, (rng, around) => {
    const { line, headers, body } = make(rng, around);
    return request(around.host, line, headers, body);
  });

const raw = (name: string, status: readonly number[], make: (rng: Rng, host: string) => string): Family =>
  asked('http', name, status, (rng, { host }) => make(rng, host));

const traversals = [
  '/../../etc/passwd',
  '/..%2f..%2fetc%2fpasswd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%252f..%252fetc/passwd',
  '/....//....//etc/passwd',
  '/..\\..\\windows\\win.ini',
  '/%5c..%5c..%5cetc',
  '/static/..;/..;/etc/passwd',
  '/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd',
  '/%00/../etc/passwd',
  '/index.html%00.txt',
  '/.git/config',
  '/.env',
  '/api/../../../etc/passwd',
  '//etc/passwd',
  '/%2f%2fetc/passwd',
];

const paths: readonly Family[] = [
  simple('paths that there are not', [404], (rng) => ({ line: `GET /${rng.id(rng.int(1, 60))}` })),
  simple('paths below the API that there are not', [401, 403, 404], (rng) => ({
    line: `GET /api/${rng.pick(['', '/', 'x', 'constructor', '__proto__', 'status/', 'Status', 'status%20', rng.id(8)])}`,
  })),
  simple('paths that leave the folder', [400, 403, 404], (rng) => ({ line: `GET ${rng.pick(traversals)}` })),
  simple('encodings that are none', [400, 404], (rng) => ({
    line: `GET /${rng.pick(['%', '%z', '%zz', '%u0041', '%ff%fe', '%ed%a0%80', '%e0%80%af', 'a%', '%%%'])}`,
  })),
  simple('addresses of other hosts', [400, 404], (rng) => ({
    line: `GET http://${rng.pick(['evil.example', '127.0.0.1:1', '[::1]', 'user:pass@x'])}/${rng.id(3)}`,
  })),
  simple('addresses that are none', [400, 404], (rng) => ({
    line: `GET ${rng.pick(['*', 'x', '?', '#', 'http:', 'javascript:1', '/\\', 'http://'])}`,
  })),
  simple('addresses that are too long', [414, 431], (rng) => ({
    line: `GET /${'a'.repeat(rng.int(8_400, 60_000))}`,
  })),
  simple('names of Object.prototype as paths', [404], (rng) => ({
    line: `GET /${rng.pick(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])}`,
  })),
];

const methods: readonly Family[] = [
  simple('other methods on what is read', [405], (rng) => ({
    line: `${rng.pick(['POST', 'PUT', 'DELETE', 'PATCH'])} ${rng.pick(GET_PATHS)}`,
    headers: ['Content-Length: 0'],
  })),
  simple('other methods on what there is not', [404, 405], (rng) => ({
    line: `${rng.pick(['POST', 'PUT', 'DELETE', 'PATCH'])} /${rng.id(5)}`,
    headers: ['Content-Length: 0'],
  })),
  simple('methods of file shares', [404, 405], (rng) => ({
    line: `${rng.pick(['PROPFIND', 'MKCOL', 'LOCK', 'SEARCH', 'TRACE', 'PURGE', 'MERGE'])} /`,
  })),
  raw(
    'CONNECT',
    [400, 404, 405],
    (rng, host) =>
      `CONNECT ${rng.pick(['evil.example:443', '127.0.0.1:22', '/', 'x'])} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  ),
  simple('methods that there are not', [400], (rng) => ({
    line: `${rng.pick(['FOO', 'get', 'Get', 'GET\u0001', '', '123'])} /health`,
  })),
  simple('OPTIONS', [200, 204, 400, 403, 404, 405], (rng) => ({
    line: `OPTIONS ${rng.pick(['*', '/', '/api/status', '/health'])}`,
    headers: ['Origin: https://evil.example', 'Access-Control-Request-Method: POST'],
  })),
];

const framing: readonly Family[] = [
  raw(
    'both a length and chunks',
    [400],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${rng.int(1, 99)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/status HTTP/1.1\r\nHost: x\r\n\r\n`,
  ),
  raw(
    'two lengths',
    [400],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nContent-Length: ${rng.int(6, 99)}\r\n\r\nabcde`,
  ),
  raw(
    'lengths that are none',
    [400],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${rng.pick(['-1', '+5', '5,5', '0x10', '1e3', 'x', '99999999999999999999999', '5 5', '1.5'])}\r\n\r\nabc`,
  ),
  raw(
    'encodings of a body that there are not',
    [400, 405, 501],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nTransfer-Encoding: ${rng.pick(['xchunked', 'gzip', 'chunked, gzip', 'identity', 'chunked;x', '\u000bchunked'])}\r\n\r\n0\r\n\r\n`,
  ),
  raw(
    'chunks of another form',
    [400, 405],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${rng.pick(['-1', 'zz', 'ffffffffffffffffff', '5;'.repeat(5_000), '\u0000'])}\r\nabc\r\n`,
  ),
  raw(
    'line feeds alone',
    [400, 200],
    (rng, host) => `GET ${rng.pick(GET_PATHS)} HTTP/1.1\nHost: ${host}\nConnection: close\n\n`,
  ),
  raw(
    'carriage returns alone',
    [400],
    (rng, host) => `GET ${rng.pick(GET_PATHS)} HTTP/1.1\rHost: ${host}\r\r`,
  ),
  raw(
    'white space before the colon',
    [400],
    (rng, host) => `GET /health HTTP/1.1\r\nHost: ${host}\r\nContent-Length : ${rng.int(0, 9)}\r\n\r\n`,
  ),
  raw(
    'two hosts',
    [400, 200],
    (_, host) => `GET /health HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
  ),
  raw('no host', [400], () => 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'),
  raw(
    'HTTP/1.0 and below',
    [200, 400],
    (rng, host) => `GET /health HTTP/${rng.pick(['1.0', '0.9'])}\r\nHost: ${host}\r\n\r\n`,
  ),
  raw(
    'headers that are too large',
    [431],
    (rng, host) =>
      `GET /health HTTP/1.1\r\nHost: ${host}\r\nX-A: ${'a'.repeat(rng.int(8_300, 60_000))}\r\n\r\n`,
  ),
  raw(
    'header names that are too long',
    [431],
    (rng, host) =>
      `GET /health HTTP/1.1\r\nHost: ${host}\r\n${'a'.repeat(rng.int(8_300, 20_000))}: 1\r\n\r\n`,
  ),
  raw(
    'control characters in headers',
    [400],
    (rng, host) =>
      `GET /health HTTP/1.1\r\nHost: ${host}\r\nX-A: ${String.fromCharCode(rng.pick([0, 1, 7, 8, 11, 12, 27, 127]))}\r\n\r\n`,
  ),
  raw(
    'expectations that nobody meets',
    [400, 417],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nExpect: ${rng.pick(['x', '200-ok', '100-continuex', 'a=b'])}\r\nContent-Length: 0\r\n\r\n`,
  ),
  raw(
    'bodies that nobody reads',
    [405],
    (rng, host) =>
      `POST /health HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${rng.int(100_000, 2 ** 31)}\r\n\r\n${'x'.repeat(rng.int(0, 60_000))}`,
  ),
];

const tokens: readonly Family[] = [
  simple('explanations without a token', [401, 403], (rng) => ({
    line: `GET /api/explain?query=${rng.pick(['', '{}', '%7B%22map%22:%22open:a%22%7D', rng.id(9)])}`,
  })),
  simple('explanations with tokens that are none', [401, 403], (rng) => ({
    line: 'GET /api/explain?query={}',
    headers: [
      `Authorization: ${rng.pick([`Bearer ${rng.id(40)}`, 'Bearer', 'Bearer  ', 'Basic YTpi', `bearer ${rng.id(9)}`, 'Bearer a.b.c', `Bearer ${'x'.repeat(3_000)}`])}`,
    ],
  })),
  simple('explanations for who is no ADMIN', [403], (rng, { nowMs }) => ({
    line: `GET /api/explain?query=${encodeURIComponent(JSON.stringify({ map: rng.pick(['open:a', 'witness', 'closed:a']) }))}`,
    headers: [`Authorization: Bearer ${jwtOf({ alg: 'HS256' }, goodClaims(USER, nowMs))}`],
  })),
  simple('the status with tokens that are none', [200, 401], (rng) => ({
    line: 'GET /api/status',
    headers: [`Authorization: Bearer ${rng.pick([rng.id(30), 'a.b.c', '..', rng.id(3_000)])}`],
  })),
];

const fine: readonly Family[] = [
  simple('probes', [200], (rng) => ({
    line: `${rng.pick(['GET', 'HEAD'])} ${rng.pick(['/health', '/ready', '/version'])}${rng.pick(['', '?', `?a=${rng.id(4)}`, '?%', '?__proto__=1'])}`,
  })),
  simple('figures for strangers', [401], (rng) => ({
    line: 'GET /metrics',
    headers: [
      `Accept: ${rng.pick(['*/*', 'text/plain', 'application/openmetrics-text', ';;;', 'x'.repeat(500)])}`,
    ],
  })),
  simple('conditions and ranges', [200, 304, 400, 412, 416], (rng) => ({
    line: 'GET /health',
    headers: [
      rng.pick([
        'Range: bytes=0-9999999',
        'Range: bytes=-1',
        'If-None-Match: *',
        'If-Match: "x"',
        'If-Modified-Since: x',
        'Range: x=0-',
      ]),
    ],
  })),
  simple('addresses behind proxies that are none', [200], (rng) => ({
    line: 'GET /health',
    headers: [
      `X-Forwarded-For: ${rng.pick(['127.0.0.1', "' or 1=1", '::1, x', 'a'.repeat(900), '1.2.3.4'.repeat(20)])}`,
      `Forwarded: for=${rng.id(5)}`,
    ],
  })),
];

/** Requests that come slowly, or never whole. */
const slow: readonly Family[] = [
  {
    ...family('http', 'headers that never end', { rule: 'E11', status: [408] }, (rng, { host }) => ({
      kind: 'http',
      pieces: [Buffer.from(`GET /health HTTP/1.1\r\nHost: ${host}\r\nX-A: ${rng.id(5)}`)],
    })),
    atMost: 16,
  },
  family('http', 'requests that break off', { rule: 'E11', status: [400, 0] }, (rng, { host }) => {
    const whole = `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    return { kind: 'http', pieces: [Buffer.from(whole.slice(0, rng.int(1, whole.length - 2)))], ends: true };
  }),
  family('http', 'good requests in many pieces', { rule: 'accepted', status: [200] }, (rng, { host }) => {
    const whole = Buffer.from(request(host, 'GET /health'));
    const cut = rng.int(1, whole.length - 1);
    return { kind: 'http', pieces: [whole.subarray(0, cut), whole.subarray(cut)] };
  }),
];

/** The doors for programs that speak HTTP. */
export const httpFamilies: readonly Family[] = [
  ...paths,
  ...methods,
  ...framing,
  ...tokens,
  ...fine,
  ...slow,
];
