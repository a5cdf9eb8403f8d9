import type { ErrorCode } from '../errors.js';
import type { Message } from '../messages/types.js';
import type { Check } from './checks.js';
import type { Candidate, RequiredKeys } from './fields.js';

type Checks<K> = { readonly [Name in Exclude<K, 'type'> & string]: Check };

/**
 * Of each message: its code, and a check for each field it always has and for each it may have, in the order of the wire.
 *
 * The checks are written by hand and run by the codec on each frame, on both ends. They say only yes or no; the schemas,
 * which are the published definition, say why (server only). A property test holds the two equal. A check may lean on the
 * fields before its own.
 */
export type Layouts<M extends Message> = {
  readonly [T in M as T['type']]: readonly [
    code: number,
    required: Checks<RequiredKeys<T>>,
    optional: Checks<Exclude<keyof T, RequiredKeys<T>>>,
  ];
};

/** A layout as code reads it. */
export type Layout = readonly [
  code: number,
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>>,
];

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

/** Says which field of a refused message is wrong, '' where it is none alone: `explainRefusal` of the schemas, on the server. */
export type Explain = (candidate: Candidate) => string | undefined;

/** Reads a decoded frame: the message, or the code of its refusal. `only` names the one type that is admitted. */
export type FrameReader<M extends Message> = (
  frame: readonly unknown[],
  explain?: Explain,
  only?: string,
) => Decoded<M>;

type Field = readonly [name: string, check: Check];

/** A reader of what one side sends. */
export function frameReader<M extends Message>(layouts: Layouts<M>): FrameReader<M> {
  const byCode = new Map(
    Object.entries<Layout>(layouts).map(([type, [code, required, optional]]) => {
      const fields: readonly Field[] = Object.entries({ ...required, ...optional });
      return [code as unknown, { type, fields, required: Object.keys(required).length }];
    }),
  );
  return (frame, explain, only) => {
    const layout = byCode.get(frame[0]);
    if (layout === undefined) return { ok: false, code: 'UNKNOWN_TYPE' };
    const { type, fields, required } = layout;
    const req =
      fields[0]?.[0] === 'req' && Number.isSafeInteger(frame[1]) ? { req: frame[1] as number } : undefined;
    if (only !== undefined && type !== only) return { ok: false, code: 'AUTH_REQUIRED', ...req };
    if (frame.length <= required || frame.length > fields.length + 1) {
      return { ok: false, code: 'BAD_MESSAGE', path: 'length', ...req };
    }
    const candidate: Record<string, unknown> = { type };
    for (let i = 1; i < frame.length; i++) {
      if (i <= required || frame[i] !== null) candidate[(fields[i - 1] as Field)[0]] = frame[i];
    }
    // Whoever passes all the checks of a type is a message of it.
    const message = candidate as unknown as Candidate & M;
    let isRight = true;
    for (let i = 0; isRight && i < fields.length; i++) {
      const [name, check] = fields[i] as Field;
      const value = candidate[name];
      isRight = (value === undefined && i >= required) || check(value, message);
    }
    if (isRight) return { ok: true, message };
    const path = explain?.(message);
    return { ok: false, code: 'BAD_MESSAGE', ...(path ? { path } : undefined), ...req };
  };
}
