/** An error as lmdb-js rejects with: the true cause hangs on a promise. */
export function lmdbFault(code: number): Error {
  const commitError = Promise.reject(Object.assign(new Error('cause'), { code }));
  commitError.catch(() => undefined);
  return Object.assign(new Error('Commit failed (see commitError for details)'), { commitError });
}
