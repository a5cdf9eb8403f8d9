import type { Access, Considered } from '@topgun/server';

const MEANING: Readonly<Record<Considered['reason'], string>> = {
  allows: 'allows it',
  after: '`where` does not hold for the row as it would become',
  before: '`where` does not hold for the row as it stands',
  fields: 'the write names a field that it does not open, or the value has no fields',
  mask: 'it has `fields`, and such a policy never allows REMOVE',
  action: 'does not allow this action',
  role: 'is for another role',
};

/** An answer of the gate, and what became of each policy that names the map. */
export function accessText(access: Access, action: string): string {
  const { allowed, value, considered } = access;
  const lines = [allowed ? 'allowed' : 'denied'];
  if (value !== undefined) lines.push(`${action === 'READ' ? 'seen' : 'stored'}  ${JSON.stringify(value)}`);
  if (considered.length === 0) lines.push('no policy names this map for these claims');
  return `${[...lines, ...considered.map(consideredLine)].join('\n')}\n`;
}

/** As it comes over the wire, too. */
type Told = Omit<Considered, 'name'> & { readonly name?: string | undefined };

/** `policy 2 "own rows" (USER, users/{sub}/**): allows it` */
export function consideredLine({ at, name, role, map, reason }: Told): string {
  return `policy ${at}${name === undefined ? '' : ` "${name}"`} (${role}, ${map}): ${MEANING[reason]}`;
}
