import { describe, expect, it } from 'vitest';
import { countTodos } from './countTodos.js';
import type { Todo } from './model.js';

const todo = (list: string, done: boolean): Todo => ({ title: 't', done, list, priority: 0, createdAt: 1 });

describe('countTodos', () => {
  it('counts per list and over all', () => {
    const counts = countTodos([todo('a', false), todo('a', true), todo('b', false)]);
    expect(Object.fromEntries(counts)).toEqual({
      all: { active: 2, done: 1 },
      a: { active: 1, done: 1 },
      b: { active: 1, done: 0 },
    });
  });
});
