import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';

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

      const { violations } = await new AxeBuilder({ page }).analyze();
      const grave = violations
        .filter((each) => each.impact === 'serious' || each.impact === 'critical')
        .map(
          (each) =>
            `${each.id}: ${each.help}\n${each.nodes.map((node) => `  ${node.html}\n  ${node.failureSummary}`).join('\n')}`,
        );
      expect(grave.join('\n\n')).toBe('');
    });
  }
}
