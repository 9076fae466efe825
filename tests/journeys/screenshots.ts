import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, type Page } from '@playwright/test';

import { colours } from './support/canvas';
import { call, machine, open, SCREENS, test, useBackend } from './support/station';

const ROOT = resolve(import.meta.dirname, '../..');
const ALL = join(ROOT, 'target/screenshots');
const README = join(ROOT, 'docs/pictures');

const backend = useBackend();

type Scheme = 'light' | 'dark';
type Name = keyof typeof SCREENS | 'trends-pens' | 'connections-offers';

const ADDRESSES: Record<Name, string> = {
  ...SCREENS,
  trends: `${SCREENS.trends}?pens=${[
    `${machine('filler')}/speed`,
    `${machine('labeller')}/speed`,
    `${machine('filler')}/drive_temperature`,
    `${machine('capper')}/drive_temperature`,
    `${machine('filler')}/product_pressure`,
    `${machine('labeller')}/jam`,
  ].join(',')}&last=3600`,
  'trends-pens': `${SCREENS.trends}?pens=${machine('filler')}/speed&last=28800`,
  'connections-offers': `${SCREENS.connections}?gateway=plc`,
};

const SIZES = [
  { width: 1920, height: 1080 },
  { width: 1280, height: 800 },
] as const;
const PHONE = { width: 390, height: 844 };
const ON_PHONES: readonly Name[] = ['overview', 'machine', 'alarms', 'connections'];

/** Shows a screen and waits until there is something on it to look at. */
async function show(page: Page, name: Name): Promise<void> {
  await page.goto(`${backend().origin}/${ADDRESSES[name]}`);
  await expect(page.getByTestId('liveness')).toHaveAttribute('data-liveness', 'live');
  const screen = page.getByTestId('screen');
  switch (name) {
    case 'overview':
      await expect(screen.getByTestId('tile')).toHaveCount(6);
      break;
    case 'machine':
      await expect.poll(() => colours(screen.locator('canvas').first())).toBeGreaterThan(8);
      break;
    case 'trends':
      await expect.poll(() => colours(screen.locator('canvas').first())).toBeGreaterThan(8);
      await pointAt(page);
      break;
    case 'trends-pens':
      await expect.poll(() => colours(screen.locator('canvas').first())).toBeGreaterThan(8);
      await page.getByTestId('choose-pens').click();
      await expect(page.getByTestId('pen-picker')).toBeVisible();
      break;
    case 'alarms':
      // In a flood the list is its ten lines.
      await screen.getByTestId('alarm-row').or(screen.getByTestId('line-first')).first().click();
      break;
    case 'journal':
      await expect(screen.getByTestId('journal-row').first()).toBeVisible();
      break;
    case 'performance':
      await expect(screen.getByTestId('figure').first()).toBeVisible();
      break;
    case 'connections':
      await expect(screen.getByTestId('gateway-row')).toHaveCount(2);
      break;
    case 'connections-offers':
      await screen.getByTestId('part-offers').click();
      await page.getByTestId('browse-look').click();
      await expect(screen.getByTestId('offer').first()).toBeVisible();
      break;
  }
  await expect(page.locator('[data-loading=true]')).toHaveCount(0);
  await page.evaluate(async () => {
    await document.fonts.ready;
    // Two frames: the second one shows what the first one laid out.
    for (let frame = 0; frame < 2; frame += 1) await new Promise((done) => requestAnimationFrame(done));
  });
}

/** Puts the pointer into the plot, so that the table tells values under it. */
async function pointAt(page: Page): Promise<void> {
  const { width, height } = page.viewportSize() ?? SIZES[0];
  await page.mouse.move(width * 0.6, height * 0.4);
}

/** An alarm that stands, so that the lists have something to show. */
async function jam(page: Page): Promise<void> {
  await call(page, 'demo_act', { act: 'jam', machine: machine('labeller') });
  await expect(page.getByTestId('banner-alarm').first()).toBeVisible();
}

async function dress(page: Page, scheme: Scheme, size: { width: number; height: number }): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize(size);
}

async function shootAll(page: Page, state: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of SIZES) {
      await dress(page, scheme, size);
      for (const name of Object.keys(ADDRESSES) as Name[]) {
        await show(page, name);
        await page.screenshot({ path: join(ALL, `${state}-${name}-${scheme}-${size.width}.png`) });
      }
    }
    await dress(page, scheme, PHONE);
    for (const name of ON_PHONES) {
      await show(page, name);
      await page.screenshot({ path: join(ALL, `${state}-${name}-${scheme}-phone.png`) });
    }
  }
}

test('every screen, @all', async ({ page }) => {
  mkdirSync(ALL, { recursive: true });
  await open(page, backend(), SCREENS.overview);
  await jam(page);
  await shootAll(page, 'normal');

  await call(page, 'demo_act', { act: 'clear', machine: machine('labeller') });
  await call(page, 'demo_act', { act: 'alarmFlood' });
  await page.goto(`${backend().origin}/${SCREENS.alarms}`);
  await expect(page.getByTestId('flood-line').nth(2)).toBeVisible({ timeout: 60_000 });
  await shootAll(page, 'flood');

  await call(page, 'demo_act', { act: 'stopBroker' });
  await page.goto(`${backend().origin}/${SCREENS.connections}`);
  await expect(page.locator('[data-testid=gateway-row][data-gateway=broker]')).not.toHaveAttribute('data-state', 'up');
  await shootAll(page, 'broker-dead');
});

test('the pictures of the README, @readme', async ({ page }) => {
  mkdirSync(README, { recursive: true });
  const size = { width: 1440, height: 860 };
  await dress(page, 'light', size);
  await open(page, backend(), SCREENS.overview);
  await jam(page);
  await shootForReadme(page, 'overview', 'light', size);
  await shootForReadme(page, 'machine', 'light', size);
  await shootForReadme(page, 'trends', 'dark', size);

  await call(page, 'demo_act', { act: 'alarmFlood' });
  await page.goto(`${backend().origin}/${SCREENS.alarms}`);
  await expect(page.getByTestId('flood-line').nth(2)).toBeVisible({ timeout: 60_000 });
  await shootForReadme(page, 'alarms', 'light', size);

  await call(page, 'demo_act', { act: 'stopBroker' });
  await page.goto(`${backend().origin}/${SCREENS.connections}`);
  await expect(page.locator('[data-testid=gateway-row][data-gateway=broker]')).toHaveAttribute('data-state', 'down');
  await shootForReadme(page, 'connections', 'dark', size);
});

async function shootForReadme(
  page: Page,
  name: Name,
  scheme: Scheme,
  size: { width: number; height: number },
): Promise<void> {
  await dress(page, scheme, size);
  await show(page, name);
  const path = join(README, `${name}-${scheme}.png`);
  await page.screenshot({ path });
  reduce(path);
}

/** Few colours are enough for a screen that is mostly grey, and a repository keeps every byte for ever. */
function reduce(path: string): void {
  const { status, error } = spawnSync('convert', [path, '+dither', '-colors', '96', '-strip', `PNG8:${path}`]);
  if (status !== 0) throw new Error(`ImageMagick could not reduce ${path}: ${error?.message ?? `status ${status}`}`);
  expect(statSync(path).size, `${path} is small`).toBeLessThan(200_000);
}
