/** What this station remembers of how a person likes the screen. Never anything of the plant. */
export const stored = {
  /** What was kept; null where nothing was, or where the page may keep nothing. */
  read(key: string): string | null {
    try {
      return localStorage.getItem(`andon.${key}`);
    } catch {
      return null;
    }
  },
  /** Keeps it, where that is allowed; a wish that cannot be kept holds until the page is closed. */
  write(key: string, value: string): void {
    try {
      localStorage.setItem(`andon.${key}`, value);
    } catch {
      return;
    }
  },
};
