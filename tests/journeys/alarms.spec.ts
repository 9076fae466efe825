import { expect, type Page } from '@playwright/test';

import { call, expectLive, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

const NOTE = 'Bottle neck removed, belt checked';

function jammed(page: Page) {
  return page.locator(`[data-testid=alarm-row][data-alarm="${machine('labeller')}/jammed"]`);
}

test('an alarm comes, is acknowledged with a note, and is still there after a power failure', async ({ page }) => {
  test.setTimeout(150_000);
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine('labeller') });
  await expect(jammed(page), 'the jam is annunciated').toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
  const occurrence = await jammed(page).getAttribute('data-occurrence');

  await jammed(page).click();
  await expect(page.getByTestId('alarm-detail')).toHaveAttribute('data-occurrence', occurrence ?? '');
  await page.getByTestId('ack-button').click();
  await page.getByTestId('note-field').fill(NOTE);
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('act-window')).toBeHidden();
  await expect(jammed(page)).toHaveAttribute('data-state', 'acked');
  await expect(page.getByTestId('detail-note')).toHaveText(NOTE);
  await expectJournalled(page);

  await backend().kill();
  await expect(page.getByTestId('liveness'), 'a dead engine is never taken for a live one').not.toHaveAttribute(
    'data-liveness',
    'live',
    { timeout: 6_000 },
  );
  await backend().run();
  await open(page, backend(), SCREENS.journal);
  await expectJournalled(page);
  const { entries } = await call<{ entries: { kind: string; occurrence: string }[] }>(page, 'journal_read', {
    before: null,
    limit: 500,
    filter: { alarm: `${machine('labeller')}/jammed` },
  });
  const of = (kind: string) => entries.filter((each) => each.occurrence === occurrence && each.kind === kind);
  expect(of('raised'), 'annunciated once').toHaveLength(1);
  expect(of('acknowledged')).toHaveLength(1);
});

test('a shelved alarm calls nobody, is listed with who and why, also after a power failure, and is announced again', async ({
  page,
}) => {
  test.setTimeout(150_000);
  const why = 'sensor is being cleaned';
  const alarm = `${machine('capper')}/jammed`;
  const row = page.locator(`[data-testid=alarm-row][data-alarm="${alarm}"]`);
  const suppressed = page.locator(`[data-testid=suppressed-row][data-alarm="${alarm}"]`);
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine('capper') });
  await expect(row).toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
  await row.click();
  await page.getByTestId('note-button').click();
  await page.getByTestId('note-field').fill('fitter called');
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('detail-notes')).toContainText('fitter called');

  await page.getByTestId('shelve-button').click();
  await expect(page.getByTestId('ack-confirm'), 'a reason has to be said').toBeDisabled();
  await page.getByTestId('note-field').fill(why);
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('act-window')).toBeHidden();
  await expect(row).toBeHidden();
  await page.getByTestId('tab-suppressed').click();
  await expect(suppressed).toContainText(why);

  await backend().kill();
  await backend().run();
  await open(page, backend(), SCREENS.alarms);
  // The demo's machines begin anew with the program: what is to stand has to be jammed again.
  await call(page, 'demo_act', { act: 'jam', machine: machine('capper') });
  await page.getByTestId('tab-suppressed').click();
  await expect(suppressed, 'it is not lost, and not announced').toContainText(why);
  await suppressed.getByTestId('unshelve').click();
  await page.getByTestId('ack-confirm').click();
  await expect(suppressed).toBeHidden();
  await page.getByTestId('tab-active').click();
  await expect(row, 'it stands and calls again').toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
});

test('an alarm that nobody acknowledged comes back unacknowledged after a power failure', async ({ page }) => {
  test.setTimeout(150_000);
  await open(page, backend(), SCREENS.alarms);
  const alarm = page.locator(`[data-testid=alarm-row][data-alarm="${machine('packer')}/jammed"]`);
  await call(page, 'demo_act', { act: 'jam', machine: machine('packer') });
  await expect(alarm).toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
  const occurrence = await alarm.getAttribute('data-occurrence');
  await backend().kill();
  await backend().run();
  await open(page, backend(), SCREENS.alarms);
  await expect(page.locator(`[data-testid=alarm-row][data-occurrence="${occurrence}"]`)).toHaveAttribute(
    'data-state',
    /unack|rtnUnack/,
  );
});

test('a flood is shown and acknowledged at one go', async ({ page }) => {
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await expect.poll(() => page.getByTestId('alarm-row').count(), { timeout: 30_000 }).toBeGreaterThan(8);
  await page.getByTestId('ack-visible').click();
  await page.getByTestId('note-field').fill('Flood seen');
  await page.getByTestId('ack-confirm').click();
  await expect(page.getByTestId('act-window')).toBeHidden();
  await expect.poll(() => page.locator('[data-testid=alarm-row][data-state=acked]').count()).toBeGreaterThan(5);
});

async function expectJournalled(page: Page): Promise<void> {
  const { user } = await call<{ user: string }>(page, 'session_read', {});
  await page.goto(`${backend().origin}/${SCREENS.journal}`);
  await expectLive(page);
  await page.getByTestId('journal-search').fill(NOTE);
  const row = page.locator('[data-testid=journal-row][data-kind=acknowledged]').filter({ hasText: NOTE });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(user);
}
