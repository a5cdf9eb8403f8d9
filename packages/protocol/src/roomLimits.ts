/** Those limits that rooms keep on each node; part of `allLimits.ts`. */

/** count: default: members of one room: beyond it people no longer meet, they watch */
export const roomMembers = 1_000;
/** count: default: rooms that one subject is in at once, over all of its connections */
export const roomsPerUser = 10;
/** count: default: members of all rooms together: some 300 bytes each */
export const roomMembersTotal = 100_000;
/** ms: default: nothing was said in a room for so long: half an hour */
export const roomIdleMs = 1_800_000;
/** ms: default: the longest stay in a room: a day */
export const roomMaxMs = 86_400_000;
/** chars: id of a room; `room/` and what stands before it in a topic leave room for more */
export const roomIdChars = 128;
/** ms: pause between two looks for those who stayed too long */
export const roomLookMs = 10_000;
/** ms: between two announcements of all who are present on a node */
export const presenceSayMs = 20_000;
/** ms: default: how long a state of somebody present holds */
export const presenceStateMs = 30_000;
/** ms: whose connection was lost is present for so long, and may be back: some attempts of a device, and a short tunnel */
export const presenceGraceMs = 5_000;
/** ms: between two looks for those who did not come back */
export const presenceLookMs = 1_000;
/** bytes: a state of somebody present, as JSON */
export const presenceStateBytes = 1_024;
/** count: users named in one announcement: some 60 kB */
export const presenceUsers = 500;
