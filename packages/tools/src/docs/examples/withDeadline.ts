/** The result of `work`, or a rejection with what `explain` says when it takes longer than `msMax`. */
export async function withDeadline<T>(work: Promise<T>, msMax: number, explain: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${explain()} (after ${msMax} ms)`)), msMax);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
