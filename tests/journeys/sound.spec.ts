import { expect, type Page } from '@playwright/test';

import { call, machine, MACHINES, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

type Machine = (typeof MACHINES)[number];

async function jam(page: Page, name: Machine): Promise<void> {
  await open(page, backend(), SCREENS.alarms);
  await call(page, 'demo_act', { act: 'jam', machine: machine(name) });
  await expect(row(page, name)).toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
}

function row(page: Page, name: Machine) {
  return page.locator(`[data-testid=alarm-row][data-alarm="${machine(name)}/jammed"]`);
}

/** Counts the tones that the page plays, before it loads. */
async function listen(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const start = OscillatorNode.prototype.start;
    Object.assign(globalThis, { tones: 0 });
    OscillatorNode.prototype.start = function (this: OscillatorNode, ...when: [number?]): void {
      (globalThis as unknown as { tones: number }).tones += 1;
      start.apply(this, when);
    };
  });
  return () => page.evaluate(() => (globalThis as unknown as { tones: number }).tones);
}

test('the horn repeats until it is silenced, no alarm changes, and the next alarm sounds again', async ({ page }) => {
  const tones = await listen(page);
  await jam(page, 'labeller');
  const silence = page.getByTestId('silence');
  await expect(silence).toBeVisible();
  const before = await tones();
  await expect.poll(tones, { message: 'the horn repeats', timeout: 25_000 }).toBeGreaterThan(before + 3);

  await page.keyboard.press('h');
  await expect(silence).toBeHidden();
  await expect(row(page, 'labeller'), 'silence is no acknowledgement').toHaveAttribute('data-state', 'unack');
  const silenced = await tones();

  await call(page, 'demo_act', { act: 'jam', machine: machine('packer') });
  await expect(row(page, 'packer')).toHaveAttribute('data-state', 'unack', { timeout: 20_000 });
  await expect(silence, 'a new alarm sounds again').toBeVisible();
  await expect.poll(tones).toBeGreaterThan(silenced);
  await silence.click();
  await expect(silence).toBeHidden();
});

test('what is silenced at one station is heard at the other', async ({ page, browser }) => {
  await jam(page, 'capper');
  const context = await browser.newContext();
  const other = await context.newPage();
  await open(other, backend(), SCREENS.overview);
  await expect(other.getByTestId('silence')).toBeVisible();
  await page.getByTestId('silence').click();
  await expect(page.getByTestId('silence')).toBeHidden();
  await expect(other.getByTestId('silence')).toBeVisible();
  await context.close();
});

test('a horn that is switched off here is said in the banner and stays off after a reload', async ({ page }) => {
  await page.addInitScript(() => {
    // A machine that can be heard, whatever this one has.
    navigator.mediaDevices.enumerateDevices = () =>
      Promise.resolve([{ kind: 'audiooutput', deviceId: '', groupId: '', label: '' } as MediaDeviceInfo]);
  });
  await open(page, backend(), SCREENS.overview);
  const sound = page.getByTestId('sound');
  await page.keyboard.press('H');
  await expect(page.getByTestId('sound-window')).toBeVisible();
  await page.locator('[data-testid=horn-on][data-priority="4"]').uncheck();
  await page.keyboard.press('Escape');
  await expect(sound).toHaveAttribute('data-trouble', 'off');
  await page.reload();
  await expect(sound).toHaveAttribute('data-trouble', 'off');
  await expect(sound).toContainText(/\S/);
});

test('a station without a sound device says so in the banner', async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
  });
  await open(page, backend(), SCREENS.overview);
  await expect(page.getByTestId('sound')).toHaveAttribute('data-trouble', 'absent', { timeout: 5_000 });
});
