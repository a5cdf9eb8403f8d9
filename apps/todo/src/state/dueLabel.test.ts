import { describe, expect, it } from 'vitest';
import { dueLabel } from './dueLabel.js';

describe('dueLabel', () => {
  it('names near days', () => {
    expect(dueLabel('2026-03-29', '2026-03-29')).toEqual({ text: 'Today', tone: 'today' });
    expect(dueLabel('2026-03-30', '2026-03-29')).toEqual({ text: 'Tomorrow', tone: 'soon' });
    expect(dueLabel('2026-03-28', '2026-03-29')).toEqual({ text: 'Yesterday', tone: 'late' });
  });

  it('marks every past day as late and far days as later', () => {
    expect(dueLabel('2025-12-31', '2026-03-29').tone).toBe('late');
    expect(dueLabel('2026-12-31', '2026-03-29').tone).toBe('later');
  });

  it('shows a text that is no day as it is', () => {
    expect(dueLabel('someday', '2026-03-29')).toEqual({ text: 'someday', tone: 'later' });
  });
});
