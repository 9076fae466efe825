import { expect, type Page } from '@playwright/test';

import { call, machine, MACHINES, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

/** Presses Tab until the focus is where it should be; a person gives up long before. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let press = 0; press < 80; press += 1) {
    if (
      await page
        .locator(selector)
        .first()
        .evaluate((element) => element === document.activeElement)
    )
      return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${selector}`);
}

test('every screen has a key', async ({ page }) => {
  await open(page, backend(), SCREENS.overview);
  const screen = page.getByTestId('screen');
  for (const [key, name] of [
    ['t', 'trends'],
    ['a', 'alarms'],
    ['j', 'journal'],
    ['c', 'connections'],
    ['o', 'overview'],
  ] as const) {
    await page.keyboard.press(key);
    await expect(screen).toHaveAttribute('data-screen', name);
  }
  await page.keyboard.press('?');
  await expect(page.getByTestId('help-window')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('help-window')).toBeHidden();
});

test('a machine is reached and left with the keyboard, and the focus is always seen', async ({ page }) => {
  await open(page, backend(), SCREENS.overview);
  await expect(page.getByTestId('tile')).toHaveCount(MACHINES.length);
  await tabTo(page, '[data-testid=tile]');
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement ?? document.body);
    return { width: Number.parseFloat(style.outlineWidth), kind: style.outlineStyle };
  });
  expect(outline.width).toBeGreaterThanOrEqual(1);
  expect(outline.kind).not.toBe('none');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('machine')).toHaveAttribute('data-equipment', machine('depalletiser'));
  await page.keyboard.press('o');
  await expect(page.getByTestId('screen')).toHaveAttribute('data-screen', 'overview');
});

test('an alarm is acknowledged without a pointer', async ({ page }) => {
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine('capper') });
  const row = page.locator(`[data-testid=alarm-row][data-alarm="${machine('capper')}/jammed"]`);
  await expect(row).toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
  const occurrence = (await row.getAttribute('data-occurrence')) ?? '';
  const detail = page.getByTestId('alarm-detail');
  await page.keyboard.press('ArrowDown');
  for (let step = 0; step < 10 && (await detail.getAttribute('data-occurrence')) !== occurrence; step += 1) {
    await page.keyboard.press('ArrowDown');
  }
  await expect(detail).toHaveAttribute('data-occurrence', occurrence);
  await page.keyboard.press('k');
  await expect(page.getByTestId('note-field')).toBeFocused();
  await page.keyboard.type('Seen from the desk');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('act-window')).toBeHidden();
  await expect(row).toHaveAttribute('data-state', 'acked');
});
