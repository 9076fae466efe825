import { expect, type Page } from '@playwright/test';

import { colours, pixelsOf } from './support/canvas';
import { call, machine, open, SCREENS, test, useBackend } from './support/station';

const backend = useBackend();

const PENS = `${SCREENS.trends}?pens=${machine('filler')}/speed,${machine('filler')}/power,${machine('capper')}/jam&last=900`;

function chart(page: Page) {
  return page.getByTestId('trend').locator('canvas');
}

async function plotBox(page: Page) {
  const box = await page.getByTestId('trend').locator('.u-over').boundingBox();
  if (box === null) throw new Error('the plot is on the page');
  return box;
}

test('pens of an address are drawn live with their history', async ({ page }) => {
  await open(page, backend(), PENS);
  await expect(page.getByTestId('pen')).toHaveCount(3);
  await expect(page.getByTestId('trend-state')).toHaveAttribute('data-live', 'true');
  await expect.poll(() => colours(chart(page))).toBeGreaterThan(8);
  // A quarter of an hour of history is a long line, not the few pixels of what came since the start.
  await expect.poll(() => pixelsOf(chart(page), '--pen-1'), { message: 'the first pen is drawn' }).toBeGreaterThan(400);
  await expect
    .poll(() => pixelsOf(chart(page), '--pen-2'), { message: 'the second pen is drawn' })
    .toBeGreaterThan(200);
  await expect(page.getByTestId('mean').first()).not.toBeEmpty();
});

for (const language of ['en', 'de']) {
  test(`the bar above the lines is one row on a small screen (${language})`, async ({ page }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.addInitScript((chosen) => localStorage.setItem('andon.language', chosen), language);
    await open(page, backend(), PENS);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    const bar = page.getByTestId('trends').locator('header');
    const rows = (): Promise<number> =>
      bar.evaluate((element) => new Set(Array.from(element.querySelectorAll('button'), (each) => each.offsetTop)).size);
    expect(await rows(), 'while it follows the clock').toBe(1);
    await page.getByTestId('length-1d').click();
    await page.keyboard.press('ArrowLeft');
    await expect(page.getByTestId('trend-stretch')).toBeVisible();
    expect(await rows(), 'while it stands still').toBe(1);
  });
}

test('pens are chosen with the keyboard alone', async ({ page }) => {
  await open(page, backend(), SCREENS.trends);
  await expect(page.getByTestId('pen').first()).toBeVisible();
  const before = await page.getByTestId('pen').count();
  await page.keyboard.press('p');
  await expect(page.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('packer drive temp');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('pen')).toHaveCount(before + 1);
  await expect(page.locator(`[data-testid=pen][data-tag="${machine('packer')}/drive_temperature"]`)).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('pen')).toHaveCount(before);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('pen-picker')).toBeHidden();
  await expect(page.getByTestId('choose-pens')).toBeFocused();
});

test('looking closer stands still, and one key goes back to live', async ({ page }) => {
  await open(page, backend(), PENS);
  const state = page.getByTestId('trend-state');
  await expect(state).toHaveAttribute('data-live', 'true');
  const box = await plotBox(page);

  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await expect(state).toHaveAttribute('data-live', 'false');
  await expect(page).toHaveURL(/from=\d+&to=\d+/);
  const span = spanOf(page);
  expect(span.to - span.from, 'a fifth of the quarter of an hour').toBeGreaterThan(150_000);
  expect(span.to - span.from).toBeLessThan(210_000);

  await page.mouse.wheel(0, 200);
  await expect.poll(() => lengthOf(page)).toBeGreaterThan(210_000);
  await page.keyboard.press('l');
  await expect(state).toHaveAttribute('data-live', 'true');
  await expect(page).toHaveURL(/last=900/);
});

test('a day of history is there, and what is seen can be moved', async ({ page }) => {
  await open(page, backend(), PENS);
  await page.getByTestId('length-1d').click();
  await expect(page).toHaveURL(/last=86400/);
  await expect.poll(() => pixelsOf(chart(page), '--pen-1')).toBeGreaterThan(400);
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('trend-state')).toHaveAttribute('data-live', 'false');
  await expect.poll(() => lengthOf(page)).toBe(86_400_000);
});

test('the numbers of the table are those of the samples, however long the stretch is', async ({ page }) => {
  await open(page, backend(), PENS);
  const mean = page.getByTestId('mean').first();
  await page.getByTestId('length-1d').click();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('trend-state')).toHaveAttribute('data-live', 'false');
  await expect.poll(() => lengthOf(page)).toBe(86_400_000);
  await expect(page.getByTestId('statistics-loading')).toHaveCount(0);
  await expect(mean, 'exact, and not about so much').toHaveText(/^[\d,.]+$/);
  const { from, to } = spanOf(page);
  const plant = await call<{ tags: { index: number; id: string; decimals: number }[] }>(page, 'plant_read', {});
  const tag = plant.tags.find((each) => each.id === `${machine('filler')}/speed`);
  if (tag === undefined) throw new Error('the demo plant has this tag');
  // A day in 288 stretches of five minutes, each from its samples, and put together again by hand.
  const ask = { tags: [tag.index], from, to, intervals: 288, with: [], counterEnd: null };
  const answer = await call<Summary>(page, 'history_summary', ask);
  const parts = answer.tags[0]?.intervals ?? [];
  expect(parts).toHaveLength(288);
  const good = parts.map((part) => ((part.to - part.from) * part.percentGood) / 100);
  const area = parts.reduce((sum, part, at) => sum + (part.mean ?? 0) * (good[at] ?? 0), 0);
  const expected = area / good.reduce((sum, each) => sum + each, 0);
  const least = Math.min(...parts.flatMap((part) => (part.least === null ? [] : [part.least.value])));
  const greatest = Math.max(...parts.flatMap((part) => (part.greatest === null ? [] : [part.greatest.value])));
  const shown = async (id: string): Promise<number> =>
    Number((await page.getByTestId(id).first().innerText()).replace(/[^\d.]/g, ''));
  const half = 0.5 * 10 ** -tag.decimals + 1e-6;
  expect(Math.abs((await shown('mean')) - expected)).toBeLessThanOrEqual(half);
  expect(Math.abs((await shown('least')) - least)).toBeLessThanOrEqual(half);
  expect(Math.abs((await shown('greatest')) - greatest)).toBeLessThanOrEqual(half);
  await expect(page.getByTestId('greatest').first()).toHaveAttribute('title', /^First at /);

  await page.keyboard.press('l');
  await expect(page.getByTestId('trend-state')).toHaveAttribute('data-live', 'true');
  await expect(mean).toHaveText(/\d/);
});

test('two cursors tell values and what lies between them', async ({ page }) => {
  await open(page, backend(), PENS);
  const box = await plotBox(page);
  await expect.poll(() => pixelsOf(chart(page), '--pen-1')).toBeGreaterThan(400);
  await page.mouse.click(box.x + box.width * 0.4, box.y + box.height / 2);
  await expect(page.getByTestId('at-cursor').first()).toHaveText(/\d/);
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  await expect(page.getByTestId('at-pointer').first()).toHaveText(/\d/);
});

test('the picture is a PNG, or an SVG, and can be saved', async ({ page }) => {
  await open(page, backend(), PENS);
  await expect(page.getByTestId('pen')).toHaveCount(3);
  await page.getByTestId('open-picture').click();
  const picture = page.getByTestId('picture');
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1600);

  const [png] = await Promise.all([page.waitForEvent('download'), page.getByTestId('picture-save').click()]);
  expect(png.suggestedFilename()).toMatch(/^trend-\d{8}-\d{4}-\d{8}-\d{4}\.png$/);
  expect((await head(png)).subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));

  await page.getByRole('radio', { name: /SVG/ }).check();
  await expect(picture).toBeVisible();
  const [svg] = await Promise.all([page.waitForEvent('download'), page.getByTestId('picture-save').click()]);
  expect((await head(svg)).toString()).toContain('<svg');
});

test('the data is a CSV, or a Parquet, with the keyboard alone', async ({ page }) => {
  await open(page, backend(), PENS);
  await expect(page.getByTestId('pen')).toHaveCount(3);
  await page.keyboard.press('d');
  await expect(page.getByTestId('trend-data')).toBeVisible();
  await page.getByTestId('data-write').press('Enter');
  await expect(page.getByTestId('data-save')).toBeFocused();
  const [csv] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(csv.suggestedFilename()).toMatch(/^trend-\d{8}-\d{4}-\d{8}-\d{4}\.csv$/);
  const lines = (await head(csv)).toString().split('\r\n');
  expect(lines[0]).toBe('time,tag,value,quality');
  expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d),demo\//);

  await page.getByRole('radio', { name: /Parquet/ }).check();
  await expect(page.getByTestId('data-save')).toHaveCount(0);
  await page.getByTestId('data-write').click();
  const [parquet] = await Promise.all([page.waitForEvent('download'), page.getByTestId('data-save').click()]);
  expect((await head(parquet)).subarray(0, 4).toString()).toBe('PAR1');

  await page.keyboard.press('Escape');
  await expect(page.getByTestId('trend-data')).toHaveCount(0);
  await expect(page.getByTestId('open-data')).toBeVisible();
});

test('an alarm of a drawn tag is marked, and the mark leads to it', async ({ page }) => {
  await open(page, backend(), `${SCREENS.trends}?pens=${machine('packer')}/jam&last=300`);
  await call(page, 'demo_act', { act: 'jam', machine: machine('packer') });
  const mark = page.getByTestId('alarm-mark').last();
  await expect(mark).toBeVisible({ timeout: 20_000 });
  await expect(mark).toHaveAccessibleName(/jammed/i);
  await mark.click();
  await expect(page.getByTestId('alarm-detail')).toContainText(/jammed/i);
});

test('a value whose source is lost is not taken for a good one, and its trend still tells the last one known', async ({
  page,
}) => {
  await open(page, backend(), `${SCREENS.trends}?pens=${machine('filler')}/speed&last=300`);
  const now = page.locator(`[data-testid=pen][data-tag="${machine('filler')}/speed"] [data-testid=value]`);
  await expect(now).toHaveAttribute('data-severity', 'good');
  await call(page, 'demo_act', { act: 'stopBroker' });
  await expect(now).toHaveAttribute('data-severity', 'stale', { timeout: 5_000 });
  const box = await plotBox(page);
  await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
  await expect(page.getByTestId('at-pointer')).toHaveText(/\d/);
  await call(page, 'demo_act', { act: 'startBroker' });
  await expect(now).toHaveAttribute('data-severity', 'good', { timeout: 25_000 });
});

/** What the journeys read of an answer of `history_summary`. */
interface Summary {
  tags: {
    intervals: {
      from: number;
      to: number;
      mean: number | null;
      least: { value: number } | null;
      greatest: { value: number } | null;
      percentGood: number;
    }[];
  }[];
}

function spanOf(page: Page): { from: number; to: number } {
  const query = new URLSearchParams(page.url().split('?')[1]);
  return { from: Number(query.get('from')), to: Number(query.get('to')) };
}

function lengthOf(page: Page): number {
  const { from, to } = spanOf(page);
  return to - from;
}

async function head(download: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(Buffer.from(part as Buffer));
  return Buffer.concat(parts);
}
