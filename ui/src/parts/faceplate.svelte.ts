import type { TagView } from '../contract/contract';

/** Which value's faceplate is open, and beside which element. One at a time on the whole screen. */
class OpenFaceplate {
  tag = $state.raw<TagView | null>(null);
  anchor = $state.raw<HTMLElement | null>(null);

  show(tag: TagView, anchor: HTMLElement): void {
    this.tag = tag;
    this.anchor = anchor;
  }

  close(): void {
    this.tag = null;
  }
}

export const faceplate = new OpenFaceplate();
