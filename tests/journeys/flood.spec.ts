import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

import { call, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

interface Read {
  alarms: { occurrence: string; state: string }[];
  flood: { since: number; count: number } | null;
}

const UNACKNOWLEDGED = ['unack', 'rtnUnack', 'latchedUnack'];

async function standing(page: Page): Promise<number> {
  return (await call<Read>(page, 'alarms_read', {})).alarms.length;
}

/** How many alarms the lines and what is counted below them stand for. */
async function accounted(page: Page): Promise<number> {
  const lines = await page.getByTestId('flood-line').evaluateAll((all) =>
    all.map((line) => {
      const others = line.querySelector('[data-testid=line-others]')?.textContent ?? '';
      return 1 + Number(/\d+/.exec(others)?.[0] ?? 0);
    }),
  );
  const rest = page.getByTestId('flood-rest');
  const left = (await rest.count()) > 0 ? Number(await rest.getAttribute('data-count')) : 0;
  return lines.reduce((sum, count) => sum + count, left);
}

test('in a flood ten lines are shown, nothing is hidden uncounted, and one line is acknowledged as it was shown', async ({
  page,
}) => {
  test.setTimeout(150_000);
  await open(page, backend(), SCREENS.alarms);
  await expect(page.getByTestId('flood-strip')).toBeHidden();
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await expect(page.getByTestId('flood-words'), 'it says that there is a flood').toContainText(/Alarm flood since/, {
    timeout: 60_000,
  });
  await expect(page.getByTestId('flood-line').first()).toBeVisible();
  expect(await page.getByTestId('flood-line').count()).toBeLessThanOrEqual(10);
  await expect.poll(async () => (await accounted(page)) - (await standing(page)), { timeout: 30_000 }).toBe(0);
  const priorities = await page
    .getByTestId('flood-line')
    .evaluateAll((all) =>
      all
        .filter((line) => line.querySelector('[data-testid=line-ack]:not(:disabled)') !== null)
        .map((line) => Number(line.getAttribute('data-priority'))),
    );
  expect(priorities, 'the most urgent on top').toEqual([...priorities].sort((a, b) => a - b));

  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
  expect(grave.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join('\n')}`)).toEqual([]);

  // A line opens to the alarms it stands for, and these can be looked at one by one.
  const group = page
    .getByTestId('flood-line')
    .filter({ has: page.getByTestId('line-others') })
    .first();
  await group.getByTestId('line-others').click();
  await group.getByTestId('line-member').first().getByRole('button').first().click();
  await expect(page.getByTestId('alarm-detail')).toBeVisible();
  await page.keyboard.press('Escape');

  const before = new Set((await call<Read>(page, 'alarms_read', {})).alarms.map((each) => each.occurrence));
  await group.getByTestId('line-ack').click();
  await page.getByTestId('note-field').fill('seen with the group');
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('act-window')).toBeHidden();
  const { entries } = await call<{ entries: { kind: string; occurrence: string; note: string }[] }>(
    page,
    'journal_read',
    { before: null, limit: 500, filter: { text: 'seen with the group' } },
  );
  const acknowledged = entries.filter((each) => each.kind === 'acknowledged').map((each) => each.occurrence);
  expect(acknowledged.length, 'all that was on the line').toBeGreaterThan(1);
  for (const occurrence of acknowledged) expect(before.has(occurrence), 'and nothing that came later').toBe(true);
  const after = await call<Read>(page, 'alarms_read', {});
  const open_ = after.alarms.filter((each) => UNACKNOWLEDGED.includes(each.state)).map((each) => each.occurrence);
  expect(acknowledged.filter((each) => open_.includes(each))).toEqual([]);
});

test('the whole list is one key away, that is remembered for this flood, and the flood survives a restart', async ({
  page,
}) => {
  test.setTimeout(150_000);
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await expect(page.getByTestId('flood-view')).toBeVisible({ timeout: 60_000 });
  await page.keyboard.press('g');
  await expect(page.getByTestId('alarm-grid')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('flood-strip')).toBeVisible();
  await expect(page.getByTestId('alarm-grid'), 'what was chosen holds for this flood').toBeVisible();

  const { flood } = await call<Read>(page, 'alarms_read', {});
  await backend().kill();
  await backend().run();
  await open(page, backend(), SCREENS.alarms);
  await expect(page.getByTestId('flood-strip')).toBeVisible({ timeout: 20_000 });
  const { flood: known } = await call<Read>(page, 'alarms_read', {});
  expect(Math.abs((known?.since ?? 0) - (flood?.since ?? 0)), 'since the same time').toBeLessThan(2_000);
  expect(known?.count ?? 0, 'and counted on').toBeGreaterThanOrEqual(flood?.count ?? 0);
  // The server has another address now, and a browser remembers by address: it begins with the ten lines.
  await expect(page.getByTestId('flood-view')).toBeVisible();
});
