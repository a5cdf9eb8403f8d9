import { useMutation } from '@topgun/react';
import { useMemo } from 'react';
import {
  INBOX,
  type Keyed,
  LISTS_MAP,
  newKey,
  TODOS_MAP,
  type Todo,
  type TodoList,
  toStored,
} from './model.js';
import type { NoticeHandle } from './useNotice.js';

export type TodoActions = {
  readonly add: (draft: Pick<Todo, 'title' | 'list' | 'priority' | 'due'>) => string;
  readonly change: (row: Keyed<Todo>, part: Partial<Todo> & { due?: string | undefined }) => void;
  readonly toggle: (row: Keyed<Todo>) => void;
  readonly remove: (row: Keyed<Todo>) => void;
  readonly clearDone: (rows: readonly Keyed<Todo>[]) => void;
  readonly addList: (name: string) => string;
  readonly renameList: (list: Keyed<TodoList>, name: string) => void;
  readonly removeList: (list: Keyed<TodoList>, rows: readonly Keyed<Todo>[]) => void;
};

/** Everything the app does to the data. Deletions offer an undo, which writes the same row again. */
export function useTodoActions(show: NoticeHandle['show']): TodoActions {
  const todos = useMutation<Todo>(TODOS_MAP);
  const lists = useMutation<TodoList>(LISTS_MAP);

  return useMemo(() => {
    const restore = (rows: readonly Keyed<Todo>[]) => {
      for (const row of rows) todos.create(row._key, toStored(row));
    };
    return {
      add: (draft) => {
        const key = newKey();
        todos.create(key, withoutEmptyDue({ ...draft, done: false, createdAt: Date.now() }));
        return key;
      },
      change: (row, part) => {
        todos.update(row._key, withoutEmptyDue({ ...toStored(row), ...part }));
      },
      toggle: (row) => {
        todos.update(row._key, { ...toStored(row), done: !row.done });
      },
      remove: (row) => {
        todos.remove(row._key);
        show(`Deleted “${shorten(row.title)}”`, { undo: () => restore([row]) });
      },
      clearDone: (rows) => {
        if (rows.length === 0) return;
        for (const row of rows) todos.remove(row._key);
        show(`Deleted ${tasks(rows.length)}`, { undo: () => restore(rows) });
      },
      addList: (name) => {
        const key = newKey();
        lists.create(key, { name, createdAt: Date.now() });
        return key;
      },
      renameList: (list, name) => {
        lists.update(list._key, { name, createdAt: list.createdAt });
      },
      removeList: (list, rows) => {
        if (list._key === INBOX) return;
        for (const row of rows) todos.remove(row._key);
        lists.remove(list._key);
        const what = rows.length === 0 ? '' : ` and ${tasks(rows.length)}`;
        show(`Deleted list “${shorten(list.name)}”${what}`, {
          undo: () => {
            lists.create(list._key, { name: list.name, createdAt: list.createdAt });
            restore(rows);
          },
        });
      },
    };
  }, [todos, lists, show]);
}

/** "No due day" is a missing field, never an empty one: so that a sort by due day sees one kind of nothing. */
function withoutEmptyDue(todo: Omit<Todo, 'due'> & { due?: string | undefined }): Todo {
  const { due, ...rest } = todo;
  return due === undefined || due === '' ? rest : { ...rest, due };
}

function tasks(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
