import { pages } from '../pages.js';

/** The pages, and who is signed in. */
export function Nav({
  current,
  name,
  onLeave,
}: {
  readonly current: string;
  readonly name: string;
  /** undefined where nobody has to sign in */
  readonly onLeave: (() => void) | undefined;
}) {
  return (
    <nav className="nav" aria-label="Pages">
      <a className="skip" href="#main">
        To the page
      </a>
      <span className="brand">
        <img src="./icon.svg" alt="" width="24" height="24" />
        TopGun
      </span>
      <ul>
        {pages.map(({ path, title }) => (
          <li key={path}>
            <a href={`#/${path}`} aria-current={path === current ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
      <div className="who">
        <span className="quiet">{name}</span>
        {onLeave !== undefined && (
          <button type="button" className="link" onClick={onLeave}>
            Sign out
          </button>
        )}
      </div>
    </nav>
  );
}
