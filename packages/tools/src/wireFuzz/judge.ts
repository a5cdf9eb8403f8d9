import type { Expected } from './Family.js';
import type { HttpReply } from './link/askHttp.js';
import type { WsReply } from './link/askWs.js';
import type { Reply } from './link/Caller.js';

/** The codes that a reply names: of errors, and of ops that were refused. */
function codesOf({ messages }: Reply): readonly string[] {
  return messages.flatMap((message) => {
    if (message.type === 'ERROR') return [message.code];
    if (message.type !== 'OP_ACK') return [];
    return (message.ex ?? []).flatMap(([, code]) => (code === null ? [] : [code]));
  });
}

/** What is wrong with a reply; undefined when it keeps the rule. */
export function faultOfReply(expected: Expected, reply: Reply): string | undefined {
  const { code, close } = expected;
  if (reply.fault !== undefined) return reply.fault;
  const codes = new Set(codesOf(reply));
  const found = [...codes].join(', ') || 'no code';
  if (code === undefined ? codes.size > 0 : codes.size !== 1 || !codes.has(code))
    return `${found}, not ${code ?? 'none'}`;
  if (close === undefined) return reply.isClosed ? `closed with ${reply.closeCode ?? 'nothing'}` : undefined;
  if (!reply.isClosed) return 'not closed';
  if (close !== 'cut' && reply.closeCode !== close)
    return `closed with ${reply.closeCode ?? 'nothing'}, not ${close}`;
  return leakOf(JSON.stringify(reply.messages.filter(({ type }) => type === 'ERROR')));
}

/** What is wrong with a reply at `/ws`. */
export function faultAtWs({ jsonCode, close }: Expected, reply: WsReply): string | undefined {
  if (reply.fault !== undefined) return reply.fault;
  const codes = new Set(reply.errors.map(({ code }) => code));
  if (jsonCode === undefined ? codes.size > 0 : codes.size !== 1 || !codes.has(jsonCode))
    return `${[...codes].join(', ') || 'no code'}, not ${jsonCode ?? 'none'}`;
  const found = reply.isClosed ? `closed with ${reply.closeCode ?? 'nothing'}` : 'not closed';
  if (
    close === undefined ? reply.isClosed : !reply.isClosed || (close !== 'cut' && close !== reply.closeCode)
  )
    return `${found}, not ${close ?? 'kept'}`;
  return leakOf(JSON.stringify(reply.errors));
}

/** What is wrong with an answer over HTTP. */
export function faultOfAnswer({ status: expected = [] }: Expected, reply: HttpReply): string | undefined {
  const { status, body, answers, isClosed } = reply;
  if (reply.fault !== undefined) return `${reply.fault} (status ${status})`;
  if (!expected.includes(status))
    return `status ${status}, not ${expected.join(' or ')}: ${body.slice(0, 100)}`;
  if (answers > 1) return `${answers} answers to one request`;
  const leak = leakOf(body);
  if (status !== 200 && leak !== undefined) return leak;
  if (status < 400) return undefined;
  if (status !== 404 && status !== 401 && status !== 403 && !isClosed)
    return `status ${status}, and not closed`;
  return codeIn(body) === undefined ? `status ${status} without a code: ${body.slice(0, 100)}` : undefined;
}

function codeIn(body: string): string | undefined {
  try {
    const { code, statusCode } = JSON.parse(body) as {
      readonly code?: unknown;
      readonly statusCode?: unknown;
    };
    // What clients of bridges know has the status for a code (BRG-4).
    if (typeof statusCode === 'number') return String(statusCode);
    return typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Where code lies is nobody's business. */
function leakOf(text: string): string | undefined {
  return /\bat [\w.<>]+ \(|node_modules|node:internal|\.js:\d+|\/packages\//.test(text)
    ? `tells where code lies: ${text.slice(0, 200)}`
    : undefined;
}
