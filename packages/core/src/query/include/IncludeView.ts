import { type CompiledQuery, compileQuery } from '../compileQuery.js';
import { identityOf } from '../identityOf.js';
import { parsePath, readPath } from '../path.js';
import { replaceSorted } from '../sortedArray.js';
import type { IncludeSpec } from './normalizeInclude.js';

/** A row of either side: its item key, its key, its value, and what stands for it in results. */
export interface Joined<P> {
  readonly id: string;
  readonly key: string;
  readonly value: unknown;
  readonly shown: P;
}

/**
 * One relation, kept up to date from both sides: after each change `of(id)` is what joining all rows anew would give, and
 * `takeTouched` says of which rows it may differ.
 *
 * Rows and partners meet under the identity of the value they have in common. A change of a row costs one step, a change of a
 * partner one for each row that it belongs to, and O(log n) among the partners of one value.
 */
export class IncludeView<P> {
  readonly #isOne: boolean;
  readonly #from: FieldOf;
  readonly #to: FieldOf;
  readonly #order: CompiledQuery;
  /** By the value in common. */
  readonly #meetings = new Map<string, Meeting<P>>();
  readonly #rows = new Map<string, Meeting<P>>();
  readonly #partners = new Map<string, { readonly meeting: Meeting<P>; readonly partner: Joined<P> }>();
  readonly #touched = new Set<string>();

  constructor({ kind, from, to, order }: IncludeSpec) {
    this.#isOne = kind === 'one';
    this.#from = fieldOf(from);
    this.#to = fieldOf(to);
    this.#order = compileQuery(order);
  }

  /** A row came or is this now; undefined: it went. */
  rowChanged(id: string, row: Pick<Joined<unknown>, 'key' | 'value'> | undefined): void {
    const before = this.#rows.get(id);
    const now = row && this.#meetingOf(this.#from(row));
    if (before === now) return;
    before?.rows.delete(id);
    this.#forgetEmpty(before);
    now?.rows.add(id);
    if (now) this.#rows.set(id, now);
    else this.#rows.delete(id);
    this.#touched.add(id);
  }

  /** A partner came or is this now; undefined: it went. */
  partnerChanged(id: string, partner: Joined<P> | undefined): void {
    const known = this.#partners.get(id);
    const now = partner && this.#meetingOf(this.#to(partner));
    if (known) {
      const { meeting } = known;
      // What came since the last read is not among the sorted yet.
      if (!meeting.come.delete(known.partner)) meeting.gone.push(known.partner);
      this.#changed(meeting);
      this.#partners.delete(id);
    }
    if (now && partner) {
      now.come.add(partner);
      this.#changed(now);
      this.#partners.set(id, { meeting: now, partner });
    }
    if (known?.meeting !== now) this.#forgetEmpty(known?.meeting);
  }

  /** Of a to-one relation the first partner by key, or undefined; else the partners in order. The same list until it changes. */
  of(id: string): P | readonly P[] | undefined {
    const meeting = this.#rows.get(id);
    if (meeting === undefined) return this.#isOne ? undefined : NONE;
    if (!meeting.isRead) this.#read(meeting);
    return this.#isOne ? meeting.result[0] : meeting.result;
  }

  /** The rows whose partners may be others than when this was last asked. */
  takeTouched(): ReadonlySet<string> {
    const touched = new Set(this.#touched);
    this.#touched.clear();
    return touched;
  }

  #read(meeting: Meeting<P>): void {
    replaceSorted(meeting.sorted, meeting.gone, [...meeting.come], this.#compare);
    meeting.gone = [];
    meeting.come.clear();
    meeting.isRead = true;
    const shown = meeting.sorted
      .slice(0, this.#isOne ? 1 : this.#order.limit)
      .map((partner) => partner.shown);
    const { result } = meeting;
    const isSame = shown.length === result.length && shown.every((one, i) => one === result[i]);
    if (!isSame) meeting.result = shown.length === 0 ? NONE : shown;
  }

  #changed(meeting: Meeting<P>): void {
    meeting.isRead = false;
    for (const row of meeting.rows) this.#touched.add(row);
  }

  /** Nothing meets where a field is missing or null. */
  #meetingOf(field: unknown): Meeting<P> | undefined {
    if (field === undefined || field === null) return undefined;
    const identity = identityOf(field);
    let meeting = this.#meetings.get(identity);
    if (meeting === undefined) {
      meeting = {
        identity,
        rows: new Set(),
        sorted: [],
        gone: [],
        come: new Set(),
        isRead: true,
        result: NONE,
      };
      this.#meetings.set(identity, meeting);
    }
    return meeting;
  }

  #forgetEmpty(meeting: Meeting<P> | undefined): void {
    if (meeting === undefined || meeting.rows.size > 0) return;
    const partners = meeting.sorted.length - meeting.gone.length + meeting.come.size;
    if (partners === 0) this.#meetings.delete(meeting.identity);
  }

  readonly #compare = (a: Joined<P>, b: Joined<P>): number =>
    this.#order.compare(a.id, a.value, b.id, b.value);
}

/** The rows and the partners that have one value in common. */
interface Meeting<P> {
  readonly identity: string;
  readonly rows: Set<string>;
  /** As they were last read; `gone` and `come` are what has changed since. */
  readonly sorted: Joined<P>[];
  gone: Joined<P>[];
  readonly come: Set<Joined<P>>;
  isRead: boolean;
  result: readonly P[];
}

type FieldOf = (row: { readonly key: string; readonly value: unknown }) => unknown;

const NONE: readonly never[] = [];

function fieldOf(path: string | undefined): FieldOf {
  if (path === undefined) return ({ key }) => key;
  const segments = parsePath(path);
  return ({ value }) => readPath(value, segments);
}
