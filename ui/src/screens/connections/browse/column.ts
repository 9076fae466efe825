import { plain } from '../../../text/plain';

/** So much of a column is read at a glance. */
const LONGEST = 14;

/** The words of a column. A number of forty digits is one of seven with an exponent. */
export function column(words: string): string {
  const isNumber = words.length > LONGEST && /^-?\d+(\.\d+)?$/.test(words);
  return isNumber ? Number(words).toPrecision(7) : plain(words, 60);
}
