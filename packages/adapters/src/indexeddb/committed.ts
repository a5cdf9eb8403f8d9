/**
 * What `work` gives, once the transaction of idb that it works in has committed. Rejects with whatever failed first.
 * Both are waited for: the failure of the one that nobody waits for would be an unhandled rejection.
 */
export async function committed<T>(tx: { readonly done: Promise<void> }, work: Promise<T>): Promise<T> {
  const [result] = await Promise.all([work, tx.done]);
  return result;
}
