import type { Rng } from '@topgun/sim/internal/rng';
import type { Family } from '../Family.js';
import { frameOf, OPCODE } from '../link/frameOf.js';
import { encoded, randomBytes } from './bytes.js';
import { asked, family } from './probes.js';

type Headers = Readonly<Record<string, string | undefined>>;

const key = (rng: Rng): string => Buffer.from(rng.id(16)).toString('base64');

/** An upgrade request: the headers of a good one, some of them changed or left out (undefined). */
export function upgradeRequest(
  rng: Rng,
  host: string,
  changed: Headers = {},
  line = 'GET / HTTP/1.1',
  extra = '',
): string {
  const headers: Headers = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key(rng),
    ...changed,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${line}\r\n${lines.join('\r\n')}\r\n${extra}\r\n`;
}

const upgrade = (
  name: string,
  status: readonly number[],
  make: (rng: Rng) => { readonly changed?: Headers; readonly line?: string; readonly extra?: string },
): Family =>
  asked('upgrade', name, status, (rng, { host }) => {
    const { changed, line, extra } = make(rng);
    return upgradeRequest(rng, host, changed, line, extra);
  });

/** Headers that no header may have. */
const BAD_HEADER = [400];

const refusals: readonly Family[] = [
  upgrade('other paths', [404], (rng) => ({
    line: `GET ${rng.pick(['/socket', '/ws2', '//', '/.', '/%2e', '/index.html', '/admin', `/${rng.id(9)}`, '/%00', '/a/../'])} HTTP/1.1`,
  })),
  upgrade('paths that leave the folder', [404], (rng) => ({
    line: `GET ${rng.pick(['/../', '/..', '/../../etc/passwd', '/%2e%2e/', '/..%2f', '/\\..\\', '/./.'])} HTTP/1.1`,
  })),
  upgrade('other methods', [400, 404, 405, 501], (rng) => ({
    line: `${rng.pick(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])} / HTTP/1.1`,
  })),
  upgrade('no key', [400], () => ({ changed: { 'Sec-WebSocket-Key': undefined } })),
  upgrade('keys of another form', [400], (rng) => ({
    changed: {
      'Sec-WebSocket-Key': rng.pick([
        '',
        'x',
        rng.id(22),
        `${rng.id(21)}==`,
        `${rng.id(25)}==`,
        '=='.repeat(12),
        'é'.repeat(11),
      ]),
    },
  })),
  upgrade('versions that nobody speaks', [400, 426], (rng) => ({
    changed: {
      'Sec-WebSocket-Version': rng.pick(['0', '7', '12', '14', '-13', '1e9', 'x', '', '255', '13.5']),
    },
  })),
  upgrade('no version', [400, 426], () => ({ changed: { 'Sec-WebSocket-Version': undefined } })),
  upgrade('upgrades to something else', [400, 404, 426], (rng) => ({
    changed: {
      Upgrade: rng.pick(['h2c', 'TLS/1.0', 'websockets', 'web socket', `x${rng.id(4)}`, 'h2c, websocket']),
    },
  })),
  upgrade('without Upgrade in Connection', [404], (rng) => ({
    changed: { Connection: rng.pick(['keep-alive', 'close', 'x']), Upgrade: undefined },
  })),
  upgrade('origins that are not listed', [403], (rng) => ({
    changed: {
      Origin: rng.pick([
        'null',
        'https://evil.example',
        'https://app.example.evil',
        'http://app.example',
        'https://app.example:8443',
        'file://',
        'https://APP.example.',
        `https://${rng.id(5)}.app.example`,
      ]),
    },
  })),
  upgrade('protocols of another form', [400, 403, 404], (rng) => ({
    changed: { 'Sec-WebSocket-Protocol': rng.pick([',', 'a,,b', 'a b', 'a;b', '(x)', 'a, a', '"a"', 'a,']) },
  })),
  upgrade('headers that are too large', [431], (rng) => ({
    changed: { [`X-${rng.id(3)}`]: 'x'.repeat(rng.int(8_300, 30_000)) },
  })),
  upgrade('many headers', [431], (rng) => ({
    extra: Array.from({ length: rng.int(1_200, 2_000) }, (_, i) => `X-${i}: ${i}\r\n`).join(''),
  })),
  upgrade('addresses that are too long', [414, 431], (rng) => ({
    line: `GET /?${'a'.repeat(rng.int(8_400, 40_000))} HTTP/1.1`,
  })),
  upgrade('control characters in headers', BAD_HEADER, (rng) => ({
    extra: `X-A: a${String.fromCharCode(rng.pick([0, 1, 8, 11, 12, 14, 31, 127]))}b\r\n`,
  })),
  upgrade('header names of another form', BAD_HEADER, (rng) => ({
    extra: rng.pick(['X A: 1\r\n', ': 1\r\n', 'X@: 1\r\n', 'X\u0000: 1\r\n', '(x): 1\r\n', 'X-A : 1\r\n']),
  })),
  upgrade('lines without a colon', BAD_HEADER, (rng) => ({ extra: `${rng.id(12)}\r\n` })),
  upgrade('folded headers', [400, 404], (rng) => ({
    changed: { Upgrade: undefined, Connection: undefined },
    extra: `X-A: 1\r\n ${rng.id(5)}\r\n`,
  })),
  upgrade('versions of HTTP that there are not', [400, 505], (rng) => ({
    line: `GET / HTTP/${rng.pick(['9.9', '3', '1.', 'x.y', '1.1.1', '-1.1', '11'])}`,
  })),
  upgrade('HTTP without a version', [400], () => ({ line: 'GET /' })),
  upgrade('methods that there are not', [400], (rng) => ({
    line: `${rng.pick(['GETT', 'get', `X${rng.id(6).replace(/[^A-Z]/g, 'Q')}`, 'G E T', '\u0001GET'])} / HTTP/1.1`,
  })),
  upgrade('no host', [400], () => ({ changed: { Host: undefined } })),
];

const bytes = (name: string, status: readonly number[], make: (rng: Rng) => Buffer): Family =>
  asked('upgrade', name, status, (rng) => make(rng));

const foreign: readonly Family[] = [
  bytes('TLS on a plain port', [400], (rng) =>
    Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), randomBytes(rng, 32, 200)]),
  ),
  bytes('the preface of HTTP/2', [400, 404, 405, 505], () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  bytes('noise instead of HTTP', [400], (rng) =>
    Buffer.concat([Buffer.from([rng.pick([0, 1, 0x80, 0xff])]), randomBytes(rng, 8, 300)]),
  ),
  bytes('other protocols', [400], (rng) =>
    Buffer.from(
      rng.pick([
        'SSH-2.0-OpenSSH_9\r\n',
        'EHLO x\r\n',
        '*1\r\n$4\r\nPING\r\n',
        'USER x\r\n',
        '{"a":1}\n\n',
        '<xml/>\r\n\r\n',
      ]),
    ),
  ),
];

const welcome: readonly Family[] = [
  upgrade('good ones', [101], () => ({})),
  upgrade('good ones from a listed origin', [101], () => ({ changed: { Origin: 'https://app.example' } })),
  upgrade('good ones in other letters', [101], (rng) => ({
    changed: {
      Upgrade: rng.pick(['WebSocket', 'WEBSOCKET']),
      Connection: rng.pick(['keep-alive, Upgrade', 'upgrade', 'Upgrade, x']),
    },
  })),
  upgrade('extensions that are not taken up', [101], (rng) => ({
    changed: {
      'Sec-WebSocket-Extensions': rng.pick([
        'permessage-deflate',
        'permessage-deflate; client_max_window_bits',
        'x-webkit-deflate-frame',
        ';;',
        `x${rng.id(5)}; a="b`,
      ]),
    },
  })),
  upgrade('questions behind the path', [101], (rng) => ({
    line: `GET /?${rng.pick(['', 'a=b', 'x', '%', '%zz', '__proto__=1', `t=${rng.id(9)}`])} HTTP/1.1`,
  })),
  family('upgrade', 'the first message right behind', { rule: 'E11', status: [101] }, (rng, { host }) => ({
    kind: 'http',
    pieces: [
      Buffer.concat([Buffer.from(upgradeRequest(rng, host)), frameOf(encoded({ type: 'PING', id: 1 }))]),
    ],
  })),
  family('upgrade', 'faults right behind', { rule: 'E11', status: [101] }, (rng, { host }) => ({
    kind: 'http',
    pieces: [
      Buffer.concat([
        Buffer.from(upgradeRequest(rng, host)),
        rng.chance(0.5)
          ? frameOf(Buffer.from('x'), { isMasked: false })
          : frameOf(Buffer.from('x'), { opcode: OPCODE.TEXT }),
      ]),
    ],
  })),
  family('upgrade', 'a request in many pieces', { rule: 'E11', status: [101] }, (rng, { host }) => {
    const whole = Buffer.from(upgradeRequest(rng, host));
    const cuts = [rng.int(1, 10), rng.int(11, 60), rng.int(61, 100)];
    return {
      kind: 'http',
      pieces: [
        whole.subarray(0, cuts[0]),
        whole.subarray(cuts[0], cuts[1]),
        whole.subarray(cuts[1], cuts[2]),
        whole.subarray(cuts[2]),
      ],
    };
  }),
];

/** How a WebSocket is asked for. */
export const upgradeFamilies: readonly Family[] = [...refusals, ...foreign, ...welcome];
