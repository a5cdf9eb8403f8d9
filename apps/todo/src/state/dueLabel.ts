export type DueTone = 'late' | 'today' | 'soon' | 'later';
export type DueLabel = { readonly text: string; readonly tone: DueTone };

const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of a moment in the reader's time zone. */
export function dayOf(date: Date): string {
  const month = String(date.getMonth() + 1).padStart(2, '0');
  const day = String(date.getDate()).padStart(2, '0');
  return `${date.getFullYear()}-${month}-${day}`;
}

/** How a due day reads on the given day: near days by name, others as a short date. */
export function dueLabel(due: string, today: string): DueLabel {
  const days = Math.round((dayNumber(due) - dayNumber(today)) / DAY_MS);
  if (Number.isNaN(days)) return { text: due, tone: 'later' };
  if (days === 0) return { text: 'Today', tone: 'today' };
  if (days === 1) return { text: 'Tomorrow', tone: 'soon' };
  if (days === -1) return { text: 'Yesterday', tone: 'late' };
  const withinWeek = days > 1 && days < 7;
  const sameYear = due.slice(0, 4) === today.slice(0, 4);
  const text = new Date(dayNumber(due)).toLocaleDateString(undefined, {
    timeZone: 'UTC',
    ...(withinWeek
      ? { weekday: 'long' as const }
      : {
          day: 'numeric' as const,
          month: 'short' as const,
          ...(sameYear ? {} : { year: 'numeric' as const }),
        }),
  });
  return { text, tone: days < 0 ? 'late' : withinWeek ? 'soon' : 'later' };
}

/** Days are compared as UTC midnights, so that a change of daylight time never moves one. */
function dayNumber(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
