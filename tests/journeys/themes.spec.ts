import { expect, type Page } from '@playwright/test';

import { colours } from './support/canvas';
import { open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

async function brightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const parts = getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? [];
    return parts.slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
  });
}

for (const scheme of ['light', 'dark'] as const) {
  test(`the screen follows a ${scheme} system`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, backend(), SCREENS.trends);
    if (scheme === 'light') expect(await brightness(page)).toBeGreaterThan(200);
    else expect(await brightness(page)).toBeLessThan(60);
  });
}

test('a chosen theme stays, and the trend is drawn in it', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, backend(), SCREENS.trends);
  const canvas = page.getByTestId('trend').locator('canvas');
  await expect.poll(() => colours(canvas)).toBeGreaterThan(8);
  // From the system's theme by way of light to dark.
  await page.keyboard.press('D');
  await page.keyboard.press('D');
  await expect.poll(() => brightness(page)).toBeLessThan(60);
  await expect.poll(() => colours(canvas)).toBeGreaterThan(8);
  await page.reload();
  await expect.poll(() => brightness(page)).toBeLessThan(60);
});
