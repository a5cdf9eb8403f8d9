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
};
