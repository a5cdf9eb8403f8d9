import { TopGunError } from '@topgun/core';
import { type HttpAnswer, HttpRefusal } from './Route.js';

/** Tells whoever asked what a typed error says, for operators. `statusByCode`: of codes that are not the server's fault; of others 503 where trying again helps, else 500. */
export async function toldErrors(
  statusByCode: Readonly<Record<string, number>>,
  answer: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    const { code, message, remedy, retriable } = error;
    throw new HttpRefusal(statusByCode[code] ?? (retriable ? 503 : 500), { code, message, remedy });
  }
}
