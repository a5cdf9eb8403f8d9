/** 0 none, 1 low, 2 medium, 3 high: a number, so that a live query sorts it by urgency. */
export type Priority = 0 | 1 | 2 | 3;

/** One task, a row of the map `todos`. Each row is replaced as a whole; the last writer wins. */
export type Todo = {
  readonly title: string;
  readonly done: boolean;
  /** Key of a row in the map `lists`, or `inbox`. */
  readonly list: string;
  readonly priority: Priority;
  /** Milliseconds since the epoch, by the clock of the device that made it. */
  readonly createdAt: number;
  /** Calendar day `YYYY-MM-DD`, in the reader's own time zone. */
  readonly due?: string;
};

/** One list, a row of the map `lists`. The inbox is built in and has no row: no two devices can make it twice. */
export type TodoList = {
  readonly name: string;
  readonly createdAt: number;
};

export type Keyed<T> = T & { readonly _key: string };

export const INBOX = 'inbox';
/** The view over all lists; never stored in a row. */
export const EVERYTHING = 'all';

export const TODOS_MAP = 'todos';
export const LISTS_MAP = 'lists';

/** Longest title and list name in characters: fits a row on the wire many times over, and a screen. */
export const TITLE_CHARS_MAX = 500;
export const LIST_NAME_CHARS_MAX = 60;

export const priorityNames: Readonly<Record<Priority, string>> = {
  0: 'None',
  1: 'Low',
  2: 'Medium',
  3: 'High',
};

export const priorities: readonly Priority[] = [0, 1, 2, 3];

/** The row as it is stored: what a query adds for the reader does not go back into the map. */
export function toStored(row: Keyed<Todo>): Todo {
  const { _key, ...todo } = row;
  return todo;
}

/** A key that no other device draws: 128 random bits. */
export function newKey(): string {
  return crypto.randomUUID();
}
