import { readFile } from 'node:fs/promises';

import { expect, type Page } from '@playwright/test';

import { call, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

const ALARM = `${machine('filler')}/product_pressure_low`;
const REASON = 'Dips at each change of valves, and nobody has to act on it';

/** The figure with the numbers as they are, or with those that were tried. */
async function figure(page: Page, name: string, which: 'before' | 'after'): Promise<number> {
  const words = await page.locator(`[data-testid=trial-figure][data-figure=${name}]`).getByTestId(which).textContent();
  return Number((words ?? '').replace(/[^\d.]/g, ''));
}

/** Opens the window of an alarm that stands, and waits for its past. */
async function tryOut(page: Page): Promise<void> {
  await page.locator(`[data-testid=alarm-row][data-alarm="${ALARM}"]`).first().click();
  await page.getByTestId('what-if-button').click();
  await expect(page.getByTestId('what-if-figures')).toBeVisible();
  await expect(page.getByTestId('what-if-about')).toHaveAttribute('data-doing', 'nothing');
}

test('what leaves no samples says why it cannot be replayed', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'stopBroker' });
  const lost = page.locator('[data-testid=alarm-row][data-alarm="gateway/broker/connection"]');
  await expect(lost).toBeVisible({ timeout: 60_000 });
  await lost.click();
  await page.getByTestId('what-if-button').click();
  await expect(page.getByTestId('what-if-failure')).toContainText('watches a connection');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('what-if')).toBeHidden();
  await call(page, 'demo_act', { act: 'startBroker' });
  await expect(page.getByTestId('strip-gateways')).toContainText('2 of 2', { timeout: 60_000 });
});

test('an alarm that comes too often is tried with another limit on its past, and the limit is taken over with a reason', async ({
  page,
}) => {
  test.setTimeout(180_000);
  await open(page, backend(), SCREENS.alarms);
  // Who has a filter set stays in the list when the flood is seen to be one.
  await page.getByTestId('alarm-search').fill(ALARM);
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await expect(page.locator(`[data-testid=alarm-row][data-alarm="${ALARM}"]`).first()).toBeVisible({ timeout: 40_000 });

  await tryOut(page);
  await expect(page.getByTestId('now-limit')).toHaveText('2');
  const before = await figure(page, 'activations', 'before');
  expect(before, 'a week of the demo has many of them').toBeGreaterThan(20);
  await page.getByTestId('try-limit').fill('1.9');
  await expect(page.getByTestId('what-if-figures'), 'it is not tried by being typed').toHaveAttribute(
    'data-tried',
    'false',
  );
  await page.getByTestId('what-if-try').click();
  await expect(page.getByTestId('what-if-figures')).toHaveAttribute('data-tried', 'true');
  const tried = await figure(page, 'activations', 'after');
  expect(tried).toBeLessThan(before);
  await expect(page.getByTestId('strip-now').locator('rect').first()).toBeAttached();
  await expect(page.getByTestId('strip-tried')).toBeVisible();

  await page.getByTestId('what-if-suggest').click();
  await expect(page.getByTestId('what-if-found')).toHaveAttribute('data-found', 'found');
  expect(await figure(page, 'perDay', 'after'), 'at most one a day').toBeLessThanOrEqual(1);

  await expect(page.getByTestId('what-if-accept'), 'a reason has to be said').toBeDisabled();
  await page.getByTestId('what-if-reason').fill(REASON);
  await page.getByTestId('what-if-accept').click();
  await expect(page.getByTestId('what-if-refused'), 'and what to do').toContainText('copy its folder');

  await expect(page.getByTestId('flood-strip')).toBeVisible();

  const file = await backend().runCopy();
  const text = await readFile(file, 'utf8');
  await open(page, backend(), SCREENS.alarms);
  await page.getByTestId('flood-turn').click();
  await tryOut(page);
  expect(await figure(page, 'activations', 'before'), 'its history has not changed').toBeGreaterThanOrEqual(before);
  await page.getByTestId('try-limit').fill('1.6');
  await page.getByTestId('try-deadband').fill('0.1');
  await page.getByTestId('what-if-try').click();
  await page.getByTestId('what-if-reason').fill(REASON);
  await page.getByTestId('what-if-accept').click();
  await expect(page.getByTestId('what-if-taken')).toBeVisible();
  await expect(page.getByTestId('now-limit'), 'it runs').toHaveText('1.6');

  const changed = await readFile(file, 'utf8');
  const lines = changed.split('\n');
  const differing = text.split('\n').flatMap((line, at) => (line === lines[at] ? [] : [`${line} > ${lines[at]}`]));
  expect(differing, 'nothing else in the file is touched').toEqual([
    'limit = 2.0 > limit = 1.6',
    'deadband = 0.08 > deadband = 0.1',
  ]);

  await page.keyboard.press('Escape');
  await expect(page.getByTestId('what-if')).toBeHidden();
  await page.goto(`${backend().origin}/#/journal?kinds=action`);
  const row = page.getByTestId('journal-row').filter({ hasText: 'limit 2 -> 1.6' });
  await expect(row).toContainText(REASON);
  await expect(row).toContainText(ALARM);
});
