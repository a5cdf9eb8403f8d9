import type { ApiError } from '../api/Api.js';

/** Why something is not shown, or no longer brought up to date. */
export function Notice({ error }: { readonly error: ApiError | undefined }) {
  if (error === undefined) return null;
  return (
    <p className="refusal" role="alert">
      {error.message}
      {error.remedy !== undefined && ` ${error.remedy}`} <code>{error.code}</code>
    </p>
  );
}
