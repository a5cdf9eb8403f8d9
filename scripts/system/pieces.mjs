import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian keeps the programs of a PostgreSQL server: outside of PATH, a folder per version. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/**
 * The programs that tests need and npm does not bring. `env` overrides the search; `folders` are searched after
 * PATH; `debian` are the packages that hold it; `elsewhere` tells everybody else what to do.
 */
export const pieces = {
  chromium: {
    env: 'TOPGUN_CHROMIUM',
    programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    folders: [
      '/usr/bin',
      '/Applications/Chromium.app/Contents/MacOS',
      '/Applications/Google Chrome.app/Contents/MacOS',
    ],
    debian: ['chromium'],
    elsewhere: 'Install Chromium or Google Chrome and set TOPGUN_CHROMIUM to the path of its program.',
  },
  postgres: {
    env: 'TOPGUN_POSTGRES',
    programs: ['postgres'],
    // Looked up when asked for: an installation makes the folder. The newest version first.
    get folders() {
      const versions = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
      return versions.sort((a, b) => b - a).map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
    },
    debian: ['postgresql'],
    elsewhere: 'Install a PostgreSQL server and set TOPGUN_POSTGRES to the path of its program postgres.',
  },
  redis: {
    env: 'TOPGUN_REDIS',
    programs: ['redis-server', 'valkey-server'],
    folders: ['/usr/bin', '/opt/homebrew/bin'],
    debian: ['redis-server'],
    elsewhere:
      'Install Redis 7 or later, or Valkey, and set TOPGUN_REDIS to the path of its program redis-server.',
  },
  curl: {
    env: 'TOPGUN_CURL',
    programs: ['curl'],
    folders: [],
    debian: ['curl'],
    elsewhere: 'Install curl: examples in the guides are run with it.',
  },
  nginx: {
    env: 'TOPGUN_NGINX',
    programs: ['nginx'],
    folders: ['/usr/sbin', '/usr/local/sbin'],
    debian: ['nginx-light'],
    elsewhere: 'Install nginx and set TOPGUN_NGINX to the path of its program.',
  },
  haproxy: {
    env: 'TOPGUN_HAPROXY',
    programs: ['haproxy'],
    folders: ['/usr/sbin', '/usr/local/sbin'],
    debian: ['haproxy'],
    elsewhere: 'Install HAProxy and set TOPGUN_HAPROXY to the path of its program.',
  },
};
