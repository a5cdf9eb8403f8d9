import type { ErrorCode } from '../errors.js';
import type { Message } from '../messages/types.js';
import type { Check } from './checks.js';
import { isUint } from './checks.js';
import type { Candidate, FieldList, Fields } from './fields.js';

/**
 * Hand-written checks of the fields of each message: what the codec runs on each frame, on both ends. They say only yes
 * or no; the schemas, which are the published definition, say why (server only). A property test holds the two equal.
 * A check may lean on the fields before its own.
 */
export type Guards<M extends Message> = {
  readonly [T in M as T['type']]: { readonly [K in Exclude<keyof T, 'type'>]-?: Check };
};

/** Both sides send these. */
export const pingGuards = { PING: { id: isUint, t: isUint }, PONG: { id: isUint, serverTime: isUint } };

export type Decoded<M extends Message = Message> =
  | { readonly ok: true; readonly message: M }
  | {
      readonly ok: false;
      readonly code: Extract<ErrorCode, 'BAD_FRAME' | 'BAD_MESSAGE' | 'UNKNOWN_TYPE' | 'AUTH_REQUIRED'>;
      /** BAD_FRAME: where, and what is wrong there; BAD_MESSAGE: the field, when an `explain` was given */
      readonly path?: string;
      /** the request the refused message belongs to, when it can be read */
      readonly req?: number;
    };

/** Says which field of a refused message is wrong: `explainRefusal` of the schemas, on the server. */
export type Explain = (candidate: Candidate) => string | undefined;

/** Reads a decoded frame: the message, or the code of its refusal. `only` names the one type that is admitted. */
export type FrameReader<M extends Message> = (
  frame: readonly unknown[],
  explain?: Explain,
  only?: string,
) => Decoded<M>;

interface Layout {
  readonly type: string;
  readonly names: readonly string[];
  readonly checks: readonly Check[];
  readonly required: number;
}

/** A reader of what one side sends. */
export function frameReader<M extends Message>(fields: Fields<M>, guards: Guards<M>): FrameReader<M> {
  const layouts = new Map<unknown, Layout>();
  for (const [type, [code, required, optional]] of Object.entries(fields) as [string, FieldList][]) {
    const names = [...required, ...optional];
    const checkOf = (guards as Readonly<Record<string, Readonly<Record<string, Check>>>>)[type];
    const checks = names.map((name) => checkOf?.[name] as Check);
    layouts.set(code, { type, names, checks, required: required.length });
  }
  return (frame, explain, only) => {
    const layout = layouts.get(frame[0]);
    if (layout === undefined) return { ok: false, code: 'UNKNOWN_TYPE' };
    const { type, names, checks, required } = layout;
    const req =
      names[0] === 'req' && Number.isSafeInteger(frame[1]) ? { req: frame[1] as number } : undefined;
    if (only !== undefined && type !== only) return { ok: false, code: 'AUTH_REQUIRED', ...req };
    if (frame.length <= required || frame.length > names.length + 1) {
      return { ok: false, code: 'BAD_MESSAGE', path: 'length', ...req };
    }
    const candidate: Record<string, unknown> = { type };
    for (let i = 1; i < frame.length; i++) {
      if (i <= required || frame[i] !== null) candidate[names[i - 1] as string] = frame[i];
    }
    // Whoever passes all the checks of a type is a message of it.
    const message = candidate as unknown as Candidate & M;
    let isRight = true;
    for (let i = 0; isRight && i < names.length; i++) {
      const value = candidate[names[i] as string];
      isRight = (value === undefined && i >= required) || (checks[i] as Check)(value, message);
    }
    if (isRight) return { ok: true, message };
    const path = explain?.(message);
    return { ok: false, code: 'BAD_MESSAGE', ...(path === undefined ? undefined : { path }), ...req };
  };
}
