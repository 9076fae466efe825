import { readFile } from 'node:fs/promises';

import { expect } from '@playwright/test';

import { call, expectLive, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

test('a flood is counted beside its target, and leads to its entries in the journal and into a file', async ({
  page,
}) => {
  test.setTimeout(150_000);
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await expect.poll(() => page.getByTestId('alarm-row').count(), { timeout: 60_000 }).toBeGreaterThan(10);

  await page.getByTestId('tab-performance').click();
  await expect(page.getByTestId('performance-about')).toContainText('annunciated alarms');
  const peak = page.locator('[data-testid=figure][data-figure=peak]');
  await expect(peak, 'more than ten within ten minutes is above the target').toHaveAttribute(
    'data-verdict',
    'aboveTarget',
  );
  const flood = page.getByTestId('flood').first();
  await flood.locator('summary').click();
  await expect(flood.getByTestId('flood-first').locator('li')).toHaveCount(10);

  await flood.getByRole('link', { name: 'In the journal' }).click();
  await expect(page).toHaveURL(/#\/journal\?kinds=raised%2Crecurred%2Cannounced&from=\d+&to=\d+/);
  const rows = page.getByTestId('journal-row');
  await expect.poll(() => rows.count()).toBeGreaterThan(10);
  await expect(page.locator('[data-testid=journal-row]:not([data-kind=raised], [data-kind=recurred], [data-kind=announced])')).toHaveCount(0);

  await page.getByTestId('journal-export').click();
  const download = page.waitForEvent('download');
  await page.getByTestId('journal-save').click();
  const file = await readFile(await (await download).path(), 'utf8');
  const [header, ...lines] = file.trimEnd().split('\r\n');
  expect(header).toBe('time,what,priority,equipment,alarm,message,value,user,station,note');
  expect(lines.length, 'a row an entry').toBe(await rows.count());
  expect(lines.every((line) => line.split(',')[1] === 'raised' || line.split(',')[1] === 'recurred')).toBe(true);
});

test('the journal is searched by kind, person and alarm, and its address says what is shown', async ({ page }) => {
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine('labeller') });
  const jam = page.locator(`[data-testid=alarm-row][data-alarm="${machine('labeller')}/jammed"]`);
  await expect(jam).toBeVisible({ timeout: 20_000 });
  const { user } = await call<{ user: string }>(page, 'session_read', {});

  await page.goto(`${backend().origin}/#/journal?kinds=action&user=${encodeURIComponent(user)}`);
  await expectLive(page);
  await expect(page.getByTestId('journal-kinds')).toHaveValue('action');
  const rows = page.getByTestId('journal-row');
  await expect(rows.first()).toHaveAttribute('data-kind', 'action');
  await page.getByTestId('journal-user').fill('nobody of this name');
  await expect(rows).toHaveCount(0);
  await expect(page).toHaveURL(/user=nobody/);

  await page.goto(`${backend().origin}/#/journal?alarm=${encodeURIComponent(`${machine('labeller')}/jammed`)}`);
  await expect(rows.first()).toContainText('Labeller');
  await page.getByTestId('journal-alarm').click();
  await expect(page, 'without the alarm it is the whole journal again').toHaveURL(/#\/journal$/);
});
