const HALF_PERIOD_MS = 500;

/**
 * Beats the rhythm in which unacknowledged alarms flash: one attribute on the page, half a second each way, so that all
 * marks flash together and nothing is animated in between. Where the system asks for less motion, marks stay filled.
 * The returned function ends it.
 */
export function beatFlash(wanted: () => boolean): () => void {
  const root = document.documentElement;
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const timer = setInterval(() => {
    const on = root.dataset['flash'] !== 'off';
    root.dataset['flash'] = on && wanted() && !still.matches ? 'off' : 'on';
  }, HALF_PERIOD_MS);
  return () => {
    clearInterval(timer);
    root.dataset['flash'] = 'on';
  };
}
