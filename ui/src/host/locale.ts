/**
 * Gives the page a language that `Intl` takes. A web view started with LANG=C says its language is `C`, which is no
 * language tag: every formatter made from it throws, among them one that uPlot makes while it loads. This module is
 * imported before anything else.
 */
export function repairLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-GB', configurable: true });
    Object.defineProperty(navigator, 'languages', { value: ['en-GB'], configurable: true });
  }
}

repairLanguage();
