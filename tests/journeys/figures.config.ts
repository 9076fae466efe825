import { defineConfig } from '@playwright/test';

import { CHROMIUM, CHROMIUM_ARGS } from './support/chromium';

// Not tests: `npm run figures` says what docs/performance.md has of the user interface.
export default defineConfig({
  testDir: '.',
  testMatch: 'figures.ts',
  outputDir: 'results',
  workers: 1,
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: [['line']],
  use: {
    viewport: { width: 1920, height: 1080 },
    locale: 'en-GB',
    launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_ARGS },
  },
});
