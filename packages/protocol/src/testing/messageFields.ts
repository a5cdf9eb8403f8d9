import type { FieldList } from '../codec/fields.js';
import { clientFields } from '../codec/fields.js';
import { allFields } from '../codec/layouts.js';
import { serverLayouts } from '../codec/serverLayouts.js';
import type { MessageType } from '../messages/types.js';

interface MessageFields {
  readonly code: number;
  readonly from: 'client' | 'server' | 'both';
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** Every message with its side, as the hash of the wire and the specification name them. */
export const messageFields = Object.fromEntries(
  Object.entries<FieldList>(allFields).map(([type, [code, required, optional]]): [string, MessageFields] => {
    const from = !(type in serverLayouts) ? 'client' : type in clientFields ? 'both' : 'server';
    return [type, { code, from, required, optional }];
  }),
) as Readonly<Record<MessageType, MessageFields>>;
