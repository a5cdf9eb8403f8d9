import { describe, expect, it } from 'vitest';
import { errorsOf, final, passing, TopGunError } from './errors.js';

describe('TopGunError', () => {
  it('without a remedy, as in browsers, names the page where it stands', () => {
    const error = new TopGunError({ code: 'KEY_INVALID', message: 'Invalid key', remedy: '' });
    expect(error.remedy).toBe('See KEY_INVALID in docs/guides/errors.md.');
  });

  it('gets remedy and retriable from the table of its code', () => {
    const errorOf = errorsOf({
      GONE: passing('Come back.'),
      WRONG: final('Correct it.'),
    });
    const cause = new Error('why');
    expect(errorOf('GONE', 'It is gone', cause)).toMatchObject({
      name: 'TopGunError',
      code: 'GONE',
      message: 'It is gone',
      remedy: 'Come back.',
      retriable: true,
      cause,
    });
    expect(errorOf('WRONG', 'It is wrong')).toMatchObject({ remedy: 'Correct it.', retriable: false });
    expect(errorOf('WRONG', 'It is wrong')).not.toHaveProperty('cause');
  });
});
