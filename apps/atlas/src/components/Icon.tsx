const paths = {
  search: 'M11 4.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM16 16l4 4',
  help: 'M9.2 9.3a2.9 2.9 0 1 1 4.4 2.5c-1 .6-1.6 1.2-1.6 2.3M12 17.3h.01',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  edit: 'M4.5 19.5l.9-4L15.6 5.3a1.8 1.8 0 0 1 2.5 0l.6.6a1.8 1.8 0 0 1 0 2.5L8.5 18.6z',
  globe:
    'M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16zM4 12h16M12 4c-4.5 4.500-4.5 11.500 0 16M12 4c4.5 4.500 4.5 11.500 0 16',
  up: 'M7 14l5-5 5 5',
  down: 'M7 10l5 5 5-5',
  left: 'M14 7l-5 5 5 5',
  right: 'M10 7l5 5-5 5',
} as const;

export type IconName = keyof typeof paths;

/** A line drawing in the colour of the text; decoration only, so always hidden from readers. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
