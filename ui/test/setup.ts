import '../src/host/locale';

import { afterEach } from 'vitest';

// What a browser has and jsdom has not. Nothing is laid out here: sizes are those that a test gives.
globalThis.matchMedia = (query: string): MediaQueryList =>
  Object.assign(new EventTarget(), { matches: false, media: query, onchange: null }) as unknown as MediaQueryList;

class NothingObserved {
  observe(): void {
    return;
  }
  unobserve(): void {
    return;
  }
  disconnect(): void {
    return;
  }
}

globalThis.ResizeObserver = NothingObserved;
globalThis.IntersectionObserver = NothingObserved as unknown as typeof IntersectionObserver;

HTMLCanvasElement.prototype.getContext = () => null;
Element.prototype.scrollTo = () => undefined;
Element.prototype.animate ??= () => ({ cancel: () => undefined, finished: Promise.resolve() }) as unknown as Animation;

afterEach(() => {
  localStorage.clear();
});
