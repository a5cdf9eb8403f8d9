import type { IncomingMessage } from 'node:http';
import { LIMITS } from '@topgun/protocol';
import type { Position } from '../../topics/ports.js';
import { tokenOfHandshake } from '../../transport/tokenOfHandshake.js';

/** What a handshake brings. */
export interface Asked {
  /** 'several' when there is more than one (WSJ-2) */
  readonly token: string | 'several' | undefined;
  /** by topic, what the client has seen last (WSJ-12) */
  readonly resume: ReadonlyMap<string, Position>;
}

/** Reads address and headers; undefined for a `resume` of another form. What the address holds is forgotten: it may be a token. */
export function handshakeOf(request: IncomingMessage): Asked | undefined {
  const query = new URLSearchParams(request.url?.split('?').slice(1).join('?'));
  request.url = '/ws';
  const ofHeaders = tokenOfHandshake(request.headers);
  const tokens = new Set(query.getAll('token'));
  if (ofHeaders !== undefined) tokens.add(ofHeaders);
  const resume = new Map<string, Position>();
  for (const text of query.getAll('resume')) {
    const named = positionIn(text);
    if (named === undefined || resume.size >= LIMITS.wsTopics) return undefined;
    resume.set(...named);
  }
  const [token, ...others] = tokens;
  return { token: others.length > 0 ? 'several' : token, resume };
}

/** `<topic>@<epoch>:<offset>` */
function positionIn(text: string): [topic: string, position: Position] | undefined {
  const [, topic, epoch, digits] = /^(.+)@([^@:]{0,64}):(\d{1,16})$/s.exec(text) ?? [];
  const offset = Number(digits);
  if (topic === undefined || epoch === undefined || !Number.isSafeInteger(offset)) return undefined;
  return [topic, { epoch, offset }];
}
