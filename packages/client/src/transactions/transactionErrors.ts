import { errorsOf, final } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';

/** What a transaction can fail with beside the codes of its writes. */
export const transactionErrors = {
  TRANSACTION_ASYNC: final(TEXTS && 'Await first, then write in a body that returns nothing.'),
  TRANSACTION_OVER: final(TEXTS && 'Use `tx` and what it gave inside the body alone.'),
};

export type TransactionErrorCode = keyof typeof transactionErrors;

export const transactionError = /* @__PURE__ */ errorsOf<TransactionErrorCode>(transactionErrors);
