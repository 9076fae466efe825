import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

import { call, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

for (const scheme of ['light', 'dark'] as const) {
  for (const [name, hash] of Object.entries(SCREENS)) {
    test(`${name}, ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await open(page, backend(), hash);
      // A screen with something on it: an alarm that stands, in banner, lists and tile.
      await call(page, 'demo_act', { act: 'jam', machine: machine('filler') });
      await expect(page.getByTestId('banner-alarm').first()).toBeVisible({ timeout: 20_000 });
      if (name === 'trends') await page.getByTestId('choose-pens').click();
      if (name === 'alarms') await page.getByTestId('alarm-row').first().click();

      expect(await graveIn(page)).toBe('');
    });
  }

  test(`what if, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, backend(), SCREENS.alarms);
    await call(page, 'demo_act', { act: 'jam', machine: machine('filler') });
    await page.locator(`[data-testid=alarm-row][data-alarm="${machine('filler')}/jammed"]`).first().click();
    await page.getByTestId('what-if-button').click();
    await page.getByTestId('try-onDelayS').fill('soon');
    await expect(page.getByTestId('what-if-try'), 'it is no number').toBeDisabled();
    expect(await graveIn(page)).toBe('');
    await page.getByTestId('try-onDelayS').fill('30');
    await page.getByTestId('what-if-try').click();
    await expect(page.getByTestId('what-if-figures')).toHaveAttribute('data-tried', 'true');
    expect(await graveIn(page)).toBe('');
  });
}

/** What keeps somebody from using the page, in words. */
async function graveIn(page: Page): Promise<string> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
  const words = grave.map(
    (each) =>
      `${each.id}: ${each.help}\n${each.nodes.map((node) => `  ${node.html}\n  ${node.failureSummary}`).join('\n')}`,
  );
  return words.join('\n\n');
}
