import { expect, type Page } from '@playwright/test';

import { machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

function gateway(page: Page, id: 'broker' | 'plc') {
  return page.locator(`[data-testid=gateway-row][data-gateway="${id}"]`);
}

test('a dead broker is named with its reason, and comes back by itself', async ({ page }) => {
  await open(page, backend(), SCREENS.connections);
  await expect(gateway(page, 'broker')).toHaveAttribute('data-state', 'up');
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');
  await expect(page.getByTestId('store')).toHaveCount(2);

  await page.getByTestId('demo-broker').click();
  await expect(gateway(page, 'broker')).not.toHaveAttribute('data-state', 'up', { timeout: 3_000 });
  await expect(gateway(page, 'broker').getByTestId('gateway-reason')).toHaveText(/\w{4,}/);
  await expect(page.getByTestId('strip-gateways')).toContainText('1 of 2');
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');

  await page.getByTestId('demo-broker').click();
  await expect(gateway(page, 'broker')).toHaveAttribute('data-state', 'up', { timeout: 25_000 });
});

test('what a frozen PLC said last is not taken for good, and it recovers', async ({ page }) => {
  await open(page, backend(), SCREENS.connections);
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');
  await page.getByTestId('demo-plc').click();
  await expect(gateway(page, 'plc')).not.toHaveAttribute('data-state', 'up', { timeout: 15_000 });
  await expect(gateway(page, 'plc').getByTestId('gateway-reason')).toHaveText(/\w{4,}/);

  await page.goto(`${backend().origin}/${SCREENS.overview}`);
  const capper = page.locator(`[data-testid=tile][data-equipment="${machine('capper')}"]`);
  await expect(capper, 'what comes from it is not taken for good').toHaveAttribute('data-quality', /stale|bad/);

  await page.goto(`${backend().origin}/${SCREENS.connections}`);
  await page.getByTestId('demo-plc').click();
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up', { timeout: 25_000 });
  await page.goto(`${backend().origin}/${SCREENS.overview}`);
  await expect(capper).toHaveAttribute('data-quality', 'good');
});
