import * as z from 'zod';
import { setting, text, wholeNumber } from './setting.js';

/** What keeps data safe, and what operators may look into. */
export const operationsSettings = {
  backupDir: setting(
    text.optional(),
    'text',
    'a path',
    'Folder that backups of the running server are made in; `backups` in the data folder when left out. Another disk is better.',
  ),
  backupHours: setting(
    wholeNumber(0, 8_760, 0),
    'number',
    'hours from 0 to 8760',
    'A backup is made when the newest is older than this, in hours; 0 makes none by itself.',
  ),
  backupKeep: setting(
    wholeNumber(1, 1_000, 7),
    'number',
    'a whole number from 1 to 1000',
    'How many backups stay in that folder; older ones go when a newer one is complete.',
  ),
  debug: setting(
    z.boolean().optional(),
    'boolean',
    'true or false',
    'Opens /api/debug to the role ADMIN and keeps a log of the last operations; on in development when left out.',
  ),
  debugValues: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'That log keeps the values written, too.',
  ),
} as const;
