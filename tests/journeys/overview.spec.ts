import { expect } from '@playwright/test';

import { machine, MACHINES, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

test('six machines move, and a stopped broker shows within three seconds', async ({ page }) => {
  await open(page, backend(), SCREENS.overview);
  const tiles = page.getByTestId('tile');
  await expect(tiles).toHaveCount(MACHINES.length);

  const filler = page.locator(`[data-testid=tile][data-equipment="${machine('filler')}"]`);
  const value = filler.getByTestId('tile-value');
  await expect(filler).toHaveAttribute('data-quality', 'good');
  const first = await value.innerText();
  await expect(value, 'a live value moves').not.toHaveText(first);

  await page.goto(`${backend().origin}/${SCREENS.connections}`);
  await page.getByTestId('demo-broker').click();
  await page.goto(`${backend().origin}/${SCREENS.overview}`);
  await expect(filler, 'a lost broker is seen in three seconds').toHaveAttribute('data-quality', 'stale', {
    timeout: 3_000,
  });
  // What comes from the PLC has nothing to do with the broker.
  await expect(page.locator(`[data-testid=tile][data-equipment="${machine('capper')}"]`)).toHaveAttribute(
    'data-quality',
    'good',
  );

  await page.goto(`${backend().origin}/${SCREENS.connections}`);
  await page.getByTestId('demo-broker').click();
  await page.goto(`${backend().origin}/${SCREENS.overview}`);
  await expect(filler, 'it recovers by itself').toHaveAttribute('data-quality', 'good', { timeout: 25_000 });
});

test('a tile opens its machine', async ({ page }) => {
  await open(page, backend(), SCREENS.overview);
  await page.locator(`[data-testid=tile][data-equipment="${machine('capper')}"]`).click();
  await expect(page.getByTestId('machine')).toHaveAttribute('data-equipment', machine('capper'));
});
