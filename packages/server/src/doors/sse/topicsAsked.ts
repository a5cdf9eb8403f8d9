import { LIMITS } from '@topgun/protocol';
import { serverErrors } from '../../errors.js';
import { EVERYTHING, mirrorOf } from '../../topics/mirrorOf.js';
import { HttpRefusal } from '../Route.js';

/** The topic that everybody hears who may. */
export const EVERYBODY = 'global';

const ID = /^[^\s/*,\p{Cc}]+$/u;
const CONTROL = /\p{Cc}/u;

/** The topics of a request for events, by name and each once (SSE-2). Throws 400 EVENTS_INVALID. */
export function topicsAsked(query: URLSearchParams): readonly string[] {
  const named = listed(query, 'topics');
  for (const topic of named)
    if (topic === '' || [...topic].length > LIMITS.topicChars || CONTROL.test(topic))
      throw invalid(`a topic has 1 to ${LIMITS.topicChars} characters, none of them a control character`);
  const ofIds = (parameter: string, prefix: string): string[] =>
    listed(query, parameter).map((id) => {
      if ([...id].length > LIMITS.sseIdChars || !ID.test(id))
        throw invalid(
          `an id in ${parameter} has 1 to ${LIMITS.sseIdChars} characters without blank, slash and star`,
        );
      return `${prefix}/${id}`;
    });
  const several = [...ofIds('streams', 'stream'), ...ofIds('users', 'user')];
  const topics = new Set([...named, ...several, ...(isAll(query) ? [EVERYTHING] : [])]);
  // Whoever hears everything hears these.
  if (topics.has(EVERYTHING))
    for (const topic of [...topics]) if (mirrorOf(topic) !== undefined) topics.delete(topic);
  if (topics.size === 0) throw invalid('no topic is named');
  if (topics.size > LIMITS.sseTopics) throw invalid(`more than ${LIMITS.sseTopics} topics`);
  return [...topics].sort((a, b) => (a < b ? -1 : 1));
}

function listed(query: URLSearchParams, parameter: string): string[] {
  return query.getAll(parameter).flatMap((value) => value.split(','));
}

function isAll(query: URLSearchParams): boolean {
  const values = query.getAll('all');
  if (values.some((value) => value !== 'true' && value !== 'false')) throw invalid('all is true or false');
  return values.includes('true');
}

function invalid(what: string): HttpRefusal {
  const { remedy } = serverErrors.EVENTS_INVALID;
  return new HttpRefusal(400, { code: 'EVENTS_INVALID', message: `Events: ${what}.`, remedy });
}
