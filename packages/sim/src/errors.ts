import { errorsOf, final } from '@topgun/core';

/** What a simulation of an app refuses. What it finds is no error: it stands in the report. */
export const simErrors = {
  SIM_OPTION_INVALID: final('Correct the option named.'),
};

export type SimErrorCode = keyof typeof simErrors;

export const simError = errorsOf<SimErrorCode>(simErrors);
