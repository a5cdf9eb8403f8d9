import { createContext, useContext } from 'react';
import type { Api } from '../api/Api.js';
import type { Session } from './Session.js';

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('The page has no session around it.');
  return session;
}

export const useApi = (): Api => useSession().api;
