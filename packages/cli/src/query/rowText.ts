import type { ChangeEvent, Row } from '@topgun/client';

const SIGNS = { add: '+', update: '~', remove: '-' } as const;

/** A row on a line: its key and its fields, or as one JSON object. */
export function rowLine(row: Row<unknown>, isJson: boolean): string {
  return `${isJson ? jsonOf(row) : textOf(row)}\n`;
}

/** A change on a line: what came (+), changed (~) or went (-), or as one JSON object. */
export function changeLine({ type, key, value }: ChangeEvent<unknown>, isJson: boolean): string {
  if (isJson) return `${jsonOf({ type, key, ...(value && { value }) })}\n`;
  return `${SIGNS[type]} ${value === undefined ? key : textOf(value)}\n`;
}

function textOf({ _key, _tag, ...fields }: Row<unknown>): string {
  return [_key, ...(_tag === undefined ? [] : [_tag]), jsonOf(fields)].join('  ');
}

/** JSON has no word for whole numbers of any length: they become text. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
