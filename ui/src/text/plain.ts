/** Signs that have no shape of their own, or that turn around what stands beside them. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/**
 * A text from another machine as it may stand on the screen: what cannot be seen, or would turn the words around it, is
 * written out, and what is too long is cut. Line breaks stay where the place has room for lines.
 */
export function plain(text: string, longest = 200, lines: 'one' | 'many' = 'one'): string {
  const kept = text.length > longest ? `${whole(text.slice(0, longest))}…` : text;
  return kept.replace(UNSEEN, (sign) => {
    if (lines === 'many' && (sign === '\n' || sign === '\t')) return sign;
    if (sign === '\n') return '⏎';
    if (sign === '\t' || sign === '\r') return ' ';
    return `⟨${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** Without the first half of a sign that was cut in two. */
function whole(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

/** A document as it is written in the plant file: `{ topic = "line1/speed" }`. */
export function inlineTable(settings: Record<string, unknown>): string {
  const entries = Object.entries(settings).map(([key, value]) => `${bare(key)} = ${inline(value)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function bare(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key);
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return inlineTable(value as Record<string, unknown>);
  return String(value);
}

function quoted(text: string): string {
  // A text of JSON is one of TOML; what cannot be seen is written as its number in both.
  const sign = (of: string): string => `\\u${(of.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(UNSEEN, sign);
}
