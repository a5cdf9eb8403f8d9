import { describe, expect, it } from 'vitest';
import { ProcessChannel } from './ProcessChannel.js';

describe('ProcessChannel', () => {
  it('[TX-3] everybody else on the name gets a copy, later', async () => {
    const got: unknown[] = [];
    const receive = (message: unknown): void => void got.push(message);
    const a = new ProcessChannel<unknown>('x', () => got.push('own'));
    const b = new ProcessChannel<unknown>('x', receive);
    const other = new ProcessChannel<unknown>('y', () => got.push('other'));
    const message = { list: [1] };
    a.post(message);
    message.list.push(2);
    expect(got).toEqual([]);
    await Promise.resolve();
    expect(got).toEqual([{ list: [1] }]);
    b.close();
    a.post('after');
    await Promise.resolve();
    expect(got).toHaveLength(1);
    a.close();
    other.close();
  });
});
