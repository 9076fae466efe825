import type { BrowseGateway } from '../../../contract/contract';
import type { Messages } from '../../../text/en';

/** What can be asked of a gateway is its protocol's own. This is the little that the screen knows of that. */
type Options = BrowseGateway['options'];
type Answers = Record<string, string>;

/** Something to fill in before looking. */
export interface Field {
  readonly name: keyof Messages['browse']['options'];
  readonly kind: 'text' | 'number' | 'table' | 'flag';
  readonly begin: string;
  /** Least and greatest, of a number. */
  readonly between?: readonly [number, number];
}

/** A way of looking: what to fill in, and what is asked then. */
export interface Question {
  readonly id: 'look' | 'named' | 'scan' | 'read';
  readonly fields: readonly Field[];
  /** Where to begin, and with what options. */
  begin: (answers: Answers) => { path: string; options: Options };
  /** The options for what is below. */
  below: (answers: Answers) => Options;
}

/** The tables of a Modbus device in the words of its addresses. */
export const TABLES = ['holding', 'input', 'coil', 'discrete'] as const;

const nothing = (): Options => ({});
const number = (text: string | undefined): number => Number(text ?? '');

const LOOK: Question = { id: 'look', fields: [], begin: () => ({ path: '', options: {} }), below: nothing };

const listen = ({ filter, seconds, system }: Answers): Options => ({
  filter,
  seconds: number(seconds),
  ...(system === 'yes' ? { system: true } : {}),
});

const MQTT: readonly Question[] = [
  {
    id: 'look',
    fields: [
      { name: 'filter', kind: 'text', begin: '#' },
      { name: 'seconds', kind: 'number', begin: '5', between: [1, 30] },
      { name: 'system', kind: 'flag', begin: '' },
    ],
    begin: (answers) => ({ path: '', options: listen(answers) }),
    below: listen,
  },
];

const MODBUS: readonly Question[] = [
  { ...LOOK, id: 'named' },
  {
    id: 'scan',
    fields: [{ name: 'units', kind: 'text', begin: '1-32' }],
    begin: ({ units }) => ({ path: '', options: { units } }),
    below: nothing,
  },
  {
    id: 'read',
    fields: [
      { name: 'unit', kind: 'number', begin: '1', between: [0, 255] },
      { name: 'table', kind: 'table', begin: 'holding' },
      { name: 'first', kind: 'number', begin: '0', between: [0, 65_535] },
      { name: 'count', kind: 'number', begin: '32', between: [1, 1_000] },
    ],
    begin: ({ unit, table, first, count }) => ({
      path: `unit/${unit}/${table}`,
      options: { start: number(first), count: number(count) },
    }),
    below: nothing,
  },
];

/** The ways of looking at a gateway of a kind. */
export function questionsOf(kind: string): readonly [Question, ...Question[]] {
  if (kind === 'mqtt') return MQTT as [Question];
  if (kind.startsWith('modbus')) return MODBUS as [Question, ...Question[]];
  return [LOOK];
}
