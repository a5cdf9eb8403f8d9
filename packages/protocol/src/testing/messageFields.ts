import type { FieldList } from '../codec/fields.js';
import { allClientFields, allFields, allServerLayouts } from '../codec/layouts.js';
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
    const from = !(type in allServerLayouts) ? 'client' : type in allClientFields ? 'both' : 'server';
    return [type, { code, from, required, optional }];
  }),
) as Readonly<Record<MessageType, MessageFields>>;
