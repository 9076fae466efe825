import { expect } from '@playwright/test';

import { call, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>{{7*7}}${7*7}';

test('a note is text and nothing else, wherever it is shown', async ({ page }) => {
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine('filler') });
  const row = page.locator(`[data-testid=alarm-row][data-alarm="${machine('filler')}/jammed"]`);
  await expect(row).toBeVisible({ timeout: 20_000 });
  await row.click();
  await page.getByTestId('ack-button').click();
  await page.getByTestId('note-field').fill(HOSTILE);
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('detail-note')).toHaveText(HOSTILE);

  await page.goto(`${backend().origin}/${SCREENS.journal}`);
  await page.getByTestId('journal-search').fill('onerror');
  await expect(page.getByTestId('journal-row').filter({ hasText: HOSTILE })).toHaveCount(1);
  await page.getByTestId('journal-search').fill(HOSTILE);
  await expect(page.getByTestId('journal-row').filter({ hasText: HOSTILE })).toHaveCount(1);

  await page.goto(`${backend().origin}/${SCREENS.machine}`);
  await expect(page.getByTestId('machine')).toContainText(HOSTILE);
  expect(await page.title()).not.toContain('owned');
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
});

test('a hostile address is an address that leads nowhere', async ({ page }) => {
  await open(page, backend(), `#/machine/${encodeURIComponent(HOSTILE)}`);
  await expect(page.getByTestId('screen')).toContainText(HOSTILE);
  await page.goto(`${backend().origin}/#/trends?pens=${encodeURIComponent(HOSTILE)}&from=NaN&to=x`);
  await expect(page.getByTestId('trends')).toContainText(HOSTILE);
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
});
