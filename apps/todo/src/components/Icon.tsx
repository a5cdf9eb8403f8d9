const paths = {
  plus: 'M12 5v14M5 12h14',
  search: 'M11 4.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM16 16l4 4',
  edit: 'M4.5 19.5l.9-4L15.6 5.3a1.8 1.8 0 0 1 2.5 0l.6.6a1.8 1.8 0 0 1 0 2.5L8.5 18.6z',
  trash: 'M5 7h14M10 7V5h4v2M7 7l.8 12h8.4L17 7M10.3 10.5v5M13.7 10.5v5',
  calendar: 'M5 7h14v12H5zM5 10.5h14M9 5v3M15 5v3',
  inbox: 'M4.5 13.5l2.6-7.5h9.8l2.6 7.5V18.5h-15zM4.5 13.5h4.4c.3 1.6 1.5 2.6 3.1 2.6s2.8-1 3.1-2.6h4.4',
  layers: 'M12 4.5l8 4.2-8 4.2-8-4.2zM4 13l8 4.2 8-4.2',
  list: 'M9 7h11M9 12h11M9 17h11M4.5 7h.01M4.5 12h.01M4.5 17h.01',
  flag: 'M6 20V4.5M6 5.5c4-2.2 7 2 12 0v8.500c-5 2-8-2.2-12 0',
  check: 'M5 12.5l4.5 4.500L19 7.5',
  help: 'M9.2 9.300a2.9 2.9 0 1 1 4.4 2.500c-1 .6-1.6 1.2-1.6 2.300M12 17.300h.01',
  close: 'M6.5 6.500l11 11M17.5 6.500l-11 11',
} as const;

export type IconName = keyof typeof paths;

/** A line drawing of 24 × 24 units in the colour of the text; decoration only, so always hidden from readers. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
