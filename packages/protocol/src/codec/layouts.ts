/** From tables of names and tables of checks to layouts, and from layouts to names. Only servers need it. */
import type { ClientMessage, Message, ServerMessage } from '../messages/types.js';
import type { Check } from './checks.js';
import { clusterLayouts } from './clusterLayouts.js';
import { clientFields, clusterFields, type FieldList, type Fields } from './fields.js';
import type { Layout, Layouts } from './readFrame.js';
import { serverLayouts } from './serverLayouts.js';

/** A check for each field of each message. */
export type Guards<M extends Message> = {
  readonly [T in M as T['type']]: { readonly [K in Exclude<keyof T, 'type'>]-?: Check };
};

/** The layouts of messages whose names and checks stand apart. */
export function layoutsOf<M extends Message>(fields: Fields<M>, guards: Guards<M>): Layouts<M> {
  const layouts = Object.entries<FieldList>(fields).map(([type, [code, required, optional]]) => {
    const checks = (guards as Readonly<Record<string, Layout[1]>>)[type];
    const pick = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, checks?.[name]]));
    return [type, [code, pick(required), pick(optional)]];
  });
  // The types of both tables name the same fields.
  return Object.fromEntries(layouts) as Layouts<M>;
}

/** All that a client may send. */
export const allClientFields: Fields<ClientMessage> = { ...clientFields, ...clusterFields };

/** All that a server may send. */
export const allServerLayouts: Layouts<ServerMessage> = { ...serverLayouts, ...clusterLayouts };

/** The names of the fields of all messages, as `toFrame` needs them. */
export const allFields: Fields<Message> = { ...allClientFields, ...fieldsOf(allServerLayouts) };

function fieldsOf(layouts: Layouts<ServerMessage>): Fields<ServerMessage> {
  const fields = Object.entries<Layout>(layouts).map(([type, [code, required, optional]]) => [
    type,
    [code, Object.keys(required), Object.keys(optional)],
  ]);
  // A layout has a check for each field.
  return Object.fromEntries(fields) as Fields<ServerMessage>;
}
