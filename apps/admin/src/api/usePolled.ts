import { useCallback, useEffect, useState } from 'react';
import { ApiError } from './Api.js';

export type Polled<T> = {
  /** The last answer. */
  readonly data: T | undefined;
  /** Why the last question was not answered; gone when the next one is. */
  readonly error: ApiError | undefined;
  /** Asks now. */
  readonly again: () => void;
};

/** Asks at once and then every `everyMs` while the page is looked at; the next question waits for the answer to the last. */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number): Polled<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const [asked, setAsked] = useState(0);
  const again = useCallback(() => setAsked((count) => count + 1), []);

  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const answer = await ask();
          if (isOver) return;
          setData(answer);
          setError(undefined);
        } catch (cause) {
          if (isOver) return;
          setError(cause instanceof ApiError ? cause : new ApiError(0, { message: String(cause) }));
        }
      }
      timer = setTimeout(() => void round(), everyMs);
    };
    void round();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [ask, everyMs, asked]);

  return { data, error, again };
}
