import { expect } from '@playwright/test';

import { colours } from './support/canvas';
import { machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

test('a machine shows its values live, and any value is a door', async ({ page }) => {
  await open(page, backend(), SCREENS.machine);
  await expect(page.getByTestId('machine-state')).toHaveAttribute('data-severity', 'good');

  const speed = page.locator(`[data-testid=value][data-tag="${machine('filler')}/speed"]`).first();
  const number = speed.getByTestId('value-text');
  await expect(speed).toHaveAttribute('data-severity', 'good');
  const first = await number.innerText();
  await expect(number, 'a live value moves').not.toHaveText(first);

  await speed.click();
  const faceplate = page.getByTestId('faceplate');
  await expect(faceplate).toBeVisible();
  await expect(faceplate).toContainText(`${machine('filler')}/speed`);
  await page.keyboard.press('Escape');
  await expect(faceplate).toBeHidden();
});

test('its recent trend is drawn', async ({ page }) => {
  await open(page, backend(), SCREENS.machine);
  const canvas = page.getByTestId('trend-chart').locator('canvas');
  await expect(canvas).toBeVisible();
  await expect.poll(() => colours(canvas), { message: 'lines and axes are on the canvas' }).toBeGreaterThan(8);
});

test('the value leads to its trend', async ({ page }) => {
  await open(page, backend(), SCREENS.machine);
  await page
    .locator(`[data-testid=value][data-tag="${machine('filler')}/speed"]`)
    .first()
    .click();
  await page.getByTestId('faceplate').getByRole('link', { name: 'Trend' }).click();
  await expect(page.getByTestId('trends')).toBeVisible();
  await expect(page.getByTestId('pen')).toHaveCount(1);
  await expect(page.getByTestId('pen')).toHaveAttribute('data-tag', `${machine('filler')}/speed`);
});
