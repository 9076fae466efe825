import { expect, test } from '@playwright/test';

import { useBackend } from './support/station';

const backend = useBackend();

test('without the token there is neither page nor data', async ({ request }) => {
  for (const path of ['/', '/index.html', '/?token=0123456789abcdef0123456789abcdef']) {
    const response = await request.get(`${backend().origin}${path}`, { maxRedirects: 0 });
    expect(response.status(), path).toBeGreaterThanOrEqual(400);
    expect(await response.text(), path).not.toContain('<script');
  }
  for (const path of ['/api/call/session_read', '/api/call/demo_act', '/api/frame']) {
    const response = await request.post(`${backend().origin}${path}`, { data: {} });
    expect(response.status(), path).toBeGreaterThanOrEqual(400);
    expect(response.status(), path).toBeLessThan(500);
  }
});

test('with the token another site still may not ask', async ({ request }) => {
  // The address with the token sets the cookie, as it does in a browser.
  expect((await request.get(backend().url)).ok()).toBe(true);
  const ask = (headers: Record<string, string>) =>
    request.post(`${backend().origin}/api/call/session_read`, { data: {}, headers });
  expect((await ask({})).ok()).toBe(true);
  expect((await ask({ origin: 'http://evil.example' })).ok()).toBe(false);
  expect((await ask({ host: 'evil.example' })).ok()).toBe(false);
});

test('the page is locked down', async ({ request }) => {
  const response = await request.get(backend().url);
  const policy = response.headers()['content-security-policy'] ?? '';
  for (const rule of ["default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'"]) {
    expect(policy).toContain(rule);
  }
  expect(policy).not.toContain('unsafe');
});
