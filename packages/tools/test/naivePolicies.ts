import { isDeepStrictEqual } from 'node:util';
import type { Action, Policy, Principal } from '@topgun/server/engine';
import { typeOf } from '@topgun/sim/internal/oracle/values';
import { verdict } from '@topgun/sim/internal/oracle/verdict';

/**
 * What policies mean, read off docs/specs/permissions.md (PERM-1, PERM-5 to PERM-7, PERM-9) as plainly as can be: one policy after the
 * other, nothing kept ready. It shares no line with the gate that ships.
 */
export class NaivePolicies {
  readonly #policies: readonly Policy[];
  readonly #claims: Readonly<Record<string, unknown>>;

  constructor(policies: readonly Policy[], { sub, roles, claims }: Principal, map: string) {
    this.#claims = { ...claims, sub, roles };
    this.#policies = policies.filter(
      ({ role, map: pattern }) => (role === '*' || roles.includes(role)) && this.#names(pattern, map),
    );
  }

  /** What is seen of a row; undefined when it is not. */
  seen(row: unknown): unknown {
    if (row === undefined) return undefined;
    const open = this.#for('READ').filter((policy) => this.#meets(policy, row));
    if (open.some(({ fields }) => fields === undefined)) return row;
    if (open.length === 0 || typeOf(row) !== 'object') return undefined;
    return pick(row, (name) => open.some(({ fields }) => fields?.includes(name)));
  }

  /** Every row that a put may leave, the ones of policies without a mask first; none when it is denied. */
  puts(old: unknown, next: unknown): unknown[] {
    return this.#for('PUT')
      .sort((a, b) => Number(a.fields !== undefined) - Number(b.fields !== undefined))
      .flatMap((policy) => {
        const made = this.#kept(policy, old, next);
        const isFine = made.length > 0 && this.#meets(policy, old) && this.#meets(policy, made[0]);
        return isFine ? made : [];
      });
  }

  removes(old: unknown): boolean {
    return this.#for('REMOVE').some((policy) => policy.fields === undefined && this.#meets(policy, old));
  }

  /** Whether a field is shown in no row whatever it holds. */
  hides(field: string): boolean {
    return this.#for('READ').every(({ fields }) => fields !== undefined && !fields.includes(field));
  }

  #for(action: Action): Policy[] {
    return this.#policies.filter(({ actions }) => actions.includes(action));
  }

  #meets({ where }: Policy, row: unknown): boolean {
    return row === undefined || where === undefined || verdict(where, row, this.#claims) === true;
  }

  #kept({ fields }: Policy, old: unknown, next: unknown): unknown[] {
    if (fields === undefined) return [next];
    if (typeOf(next) !== 'object' || (old !== undefined && typeOf(old) !== 'object')) return [];
    const seen = this.seen(old);
    for (const [name, value] of Object.entries(next as object)) {
      if (fields.includes(name)) continue;
      if (typeOf(seen) !== 'object' || !Object.hasOwn(seen as object, name)) return [];
      if (!isDeepStrictEqual((seen as Record<string, unknown>)[name], value)) return [];
    }
    const kept = old === undefined ? {} : pick(old, (name) => !fields.includes(name));
    return [{ ...kept, ...pick(next, (name) => fields.includes(name)) }];
  }

  /** As an expression over the whole name; each claim is an alternative of texts that hold neither separator. */
  #names(pattern: string, map: string): boolean {
    const source = pattern.replace(/\*\*|\*|\{[^}]*\}|[^*{]+/g, (piece) => {
      if (piece === '**') return '.+';
      if (piece === '*') return '[^:/]+';
      if (!piece.startsWith('{')) return quoted(piece);
      const path = piece === '{userId}' ? 'sub' : piece.slice(1, -1);
      const claim = path
        .split('.')
        .reduce<unknown>(
          (at, name) => (typeOf(at) === 'object' ? (at as Record<string, unknown>)[name] : undefined),
          this.#claims,
        );
      const texts = (Array.isArray(claim) ? claim : [claim])
        .filter((one) => typeof one === 'string' || Number.isInteger(one))
        .map(String)
        .filter((one) => one !== '' && !/[:/]/.test(one));
      return texts.length === 0 ? '(?!)' : `(?:${texts.map(quoted).join('|')})`;
    });
    return new RegExp(`^${source}$`, 's').test(map);
  }
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

function pick(row: unknown, wanted: (name: string) => boolean): object {
  return Object.fromEntries(Object.entries(row as object).filter(([name]) => wanted(name)));
}
