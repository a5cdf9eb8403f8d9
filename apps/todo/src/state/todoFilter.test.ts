import { describe, expect, it } from 'vitest';
import type { Todo } from './model.js';
import { arrangeRows, todoFilter } from './todoFilter.js';
import { defaultView } from './view.js';

const todo = (title: string, done: boolean, due?: string): Todo => ({
  title,
  done,
  list: 'inbox',
  priority: 0,
  createdAt: 1,
  ...(due === undefined ? {} : { due }),
});

describe('todoFilter', () => {
  it('asks for everything, newest first, what is to do before what is done', () => {
    expect(todoFilter(defaultView, 50)).toEqual({
      sort: [
        ['done', 'asc'],
        ['createdAt', 'desc'],
      ],
      limit: 50,
    });
  });

  it('tests list, status and every word of the search', () => {
    const view = { ...defaultView, list: 'a', status: 'done', search: ' 50% off ' } as const;
    expect(todoFilter(view, 50).predicate).toEqual({
      op: 'and',
      children: [
        { op: 'eq', path: 'list', value: 'a' },
        { op: 'eq', path: 'done', value: true },
        { op: 'like', path: 'title', pattern: '%50\\%%' },
        { op: 'like', path: 'title', pattern: '%off%' },
      ],
    });
  });
});

describe('arrangeRows', () => {
  it('puts tasks without a day after those with one, and before what is done', () => {
    const rows = [
      todo('c', false),
      todo('a', false, '2026-01-01'),
      todo('b', false, '2026-02-01'),
      todo('d', true, '2026-01-01'),
    ];
    const view = { ...defaultView, sort: 'due' } as const;
    expect(arrangeRows(rows, view, 3).map((row) => row.title)).toEqual(['a', 'b', 'c']);
  });

  it('leaves every other order to the query', () => {
    const rows = [todo('b', true), todo('a', false)];
    expect(arrangeRows(rows, defaultView, 1)).toBe(rows);
  });
});
