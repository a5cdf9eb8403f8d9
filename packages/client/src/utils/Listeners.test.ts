import { describe, expect, it, vi } from 'vitest';
import { Listeners } from './Listeners.js';
import { silentLogger } from './logger.js';

describe('Listeners', () => {
  it('one that throws is logged and the others are still called', () => {
    const error = vi.fn();
    const listeners = new Listeners<number>('test', { ...silentLogger, error });
    const got: number[] = [];
    listeners.add(() => {
      throw new Error('app');
    });
    listeners.add((value) => got.push(value));
    expect(listeners.emit(1)).toBe(false);
    expect(got).toEqual([1]);
    expect(error).toHaveBeenCalledOnce();
  });

  it('the same function may be added twice and ends separately', () => {
    const listeners = new Listeners<number>('test', silentLogger);
    const got: number[] = [];
    const callback = (value: number): void => void got.push(value);
    const end = listeners.add(callback);
    listeners.add(callback);
    end();
    end();
    listeners.emit(1);
    expect(got).toEqual([1]);
  });

  it('one that is removed during a round is not called any more in that round', () => {
    const listeners = new Listeners<number>('test', silentLogger);
    const got: string[] = [];
    let end = (): void => undefined;
    listeners.add(() => end());
    end = listeners.add(() => got.push('removed'));
    listeners.emit(1);
    expect(got).toEqual([]);
  });
});
