/** The browser that the system has; nothing is downloaded. */
export const CHROMIUM = process.env['ANDON_CHROMIUM'] ?? '/usr/bin/chromium';

/** A browser that talks to the page and to nobody else. As root it cannot have a sandbox. */
export const CHROMIUM_ARGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
