import type { TopGunClient } from '@topgun/client';
import { createContext } from 'react';

/** The client of the nearest provider. */
export const TopGunContext = createContext<TopGunClient | undefined>(undefined);
