import { describe, expect, it } from 'vitest';
import { shapeOf } from './shapeOf.js';

describe('shapeOf', () => {
  it('[QRY-11] names operators and fields and no value', () => {
    const eq = { op: 'eq', path: 'owner', value: 'ann' } as const;
    const between = { op: 'between', path: 'age', from: 7, to: 9 } as const;
    const where = { op: 'and', children: [eq, { op: 'not', child: between }] } as const;
    expect(shapeOf({ where, sort: [['dueAt', 'desc']], limit: 20 })).toBe(
      'and(eq owner, not(between age)) sort dueAt desc limit 20',
    );
    expect(shapeOf({})).toBe('all');
  });

  it('[QRY-11] is cut where it gets long', () => {
    const shape = shapeOf({ where: { op: 'exists', path: 'x'.repeat(500) } });
    expect(shape).toHaveLength(300);
    expect(shape.endsWith('x…')).toBe(true);
  });
});
