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
} as const;
