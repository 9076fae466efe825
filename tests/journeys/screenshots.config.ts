import { defineConfig } from '@playwright/test';

import { CHROMIUM, CHROMIUM_ARGS } from './support/chromium';

// Not tests: `npm run screenshots` fills target/screenshots, `npm run pictures` the pictures of the README.
export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: 'results',
  workers: 1,
  timeout: 600_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_ARGS },
  },
});
