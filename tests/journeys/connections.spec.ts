import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

import { call, machine, open, SCREENS, test, useBackend } from './support/station';

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

test('the figures of a gateway are there, live, and reached by keyboard alone', async ({ page }) => {
  await open(page, backend(), SCREENS.connections);
  const detail = page.getByTestId('gateway-detail');
  // A key that is pressed before there are rows has nothing to go to, and a gateway that was in trouble leads the list for a while.
  await expect(page.getByTestId('gateway-row')).toHaveCount(2);
  await expect(page.getByTestId('gateway-row').first()).toHaveAttribute('data-gateway', 'broker', { timeout: 30_000 });
  await page.getByTestId('gateway-grid').focus();
  await page.keyboard.press('End');
  await expect(gateway(page, 'plc')).toHaveAttribute('aria-selected', 'true');
  await expect(detail).toHaveAttribute('data-gateway', 'plc');
  await page.keyboard.press('Home');
  await expect(detail).toHaveAttribute('data-gateway', 'broker');
  // Figures of a gateway that talks do not stand still.
  const before = await detail.getByRole('region', { name: 'Traffic' }).innerText();
  await expect.poll(() => detail.getByRole('region', { name: 'Traffic' }).innerText()).not.toBe(before);
  await expect(page.getByTestId('gateways-shown')).toHaveText('2');
  await page.keyboard.press('/');
  await page.keyboard.type('modbus');
  await expect(page.getByTestId('gateway-row')).toHaveCount(1);
  await expect(page.getByTestId('gateways-shown')).toHaveText('1 of 2');
});

test('a look at a gateway is asked for, answered or refused in words, and recorded', async ({ page }) => {
  await open(page, backend(), SCREENS.connections);
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');
  await gateway(page, 'plc').click();
  await page.keyboard.press('b');
  await page.getByTestId('browse-look').click();
  await expect(page.getByTestId('browse-status')).toContainText(/Looking|found/);
  await expect(page.getByTestId('offer').first()).toBeVisible({ timeout: 20_000 });

  await page.goto(`${backend().origin}/${SCREENS.journal}`);
  await page.getByTestId('journal-search').fill('Looks at what a gateway offers');
  // All others are gone before the one is looked at.
  await expect(page.getByTestId('journal-row')).toHaveCount(1);
  await expect(page.getByTestId('journal-row')).toContainText('done');
});

test('the registers of the PLC are read in the four orders of their bytes', async ({ page }) => {
  await open(page, backend(), `${SCREENS.connections}?gateway=plc`);
  await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');
  await page.getByTestId('part-offers').click();
  await page.getByTestId('browse-question').selectOption({ label: 'Read a block' });
  await page.getByTestId('browse-look').click();
  await expect(page.getByTestId('offer').first()).toBeVisible({ timeout: 20_000 });
  for (const order of ['abcd', 'badc', 'cdab', 'dcba']) {
    await expect(
      page
        .getByTestId('offers')
        .locator('th')
        .filter({ hasText: `f32 ${order}` }),
    ).toHaveCount(1);
  }
  await page.getByTestId('offer').first().click();
  await expect(page.getByTestId('offer-address')).toContainText('register = ');
});

test('what the contract refuses it refuses in words', async ({ page }) => {
  await open(page, backend(), SCREENS.connections);
  const adopt = call(page, 'plant_adopt', {
    gateway: 'broker',
    machines: [],
    tags: [
      {
        equipment: null,
        id: null,
        name: 'x',
        kind: 'float',
        unit: '',
        range: null,
        decimals: null,
        address: { topic: 'nobody/has/this' },
        writable: false,
      },
    ],
  });
  await expect(adopt).rejects.toThrow(/the demo plant is written anew/);
  const written = await call<{ outcome: string; words: string }>(page, 'tag_write', {
    tag: `${machine('filler')}/speed`,
    value: 1,
  });
  expect(written.outcome).toBe('refused');
  expect(written.words).toContain('does not allow');
});

for (const scheme of ['light', 'dark'] as const) {
  test(`everything in the details can be used by everybody, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, backend(), `${SCREENS.connections}?gateway=plc`);
    await expect(gateway(page, 'plc')).toHaveAttribute('data-state', 'up');
    const parts = page.getByRole('tab');
    for (let at = 0; at < (await parts.count()); at += 1) {
      await parts.nth(at).click();
      await expect(parts.nth(at)).toHaveAttribute('aria-selected', 'true');
      if ((await parts.nth(at).getAttribute('data-testid')) === 'part-offers') {
        await page.getByTestId('browse-look').click();
        await page.getByTestId('offer').first().click({ timeout: 20_000 });
      }
      const { violations } = await new AxeBuilder({ page }).include('main').analyze();
      const grave = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
      expect(grave.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join('\n')}`)).toEqual([]);
    }
  });
}

test('the topics of the broker are found with their payloads, down to a tag that the plant has', async ({ page }) => {
  await open(page, backend(), `${SCREENS.connections}?gateway=broker`);
  await expect(gateway(page, 'broker')).toHaveAttribute('data-state', 'up');
  await page.getByTestId('part-offers').click();
  await page.getByTestId('browse-look').click();
  await expect(page.getByTestId('browse-status')).toContainText('found', { timeout: 30_000 });
  const closed = page.locator('[data-testid=offer][aria-expanded=false]');
  const taken = page.getByTestId('offer').filter({ hasText: `${machine('filler')}/` });
  // One place after the other is opened, until one holds what the plant knows.
  await expect(async () => {
    if ((await taken.count()) === 0) await closed.first().click({ timeout: 1_000 });
    await expect(taken.first()).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await taken.first().click();
  await expect(page.getByTestId('offer-address')).toContainText('topic = ');
});
