import type {
  AcknowledgeAlarms,
  ActedOn,
  ActiveAlarms,
  DemoAct,
  DemoView,
  DrawTrend,
  JournalPage,
  Nothing,
  PlantStatus,
  PlantView,
  ReadHistory,
  ReadInstant,
  ReadJournal,
  ResetAlarms,
  Session,
  Status,
} from './contract';

/** Every command of the contract: what it takes and what it answers. */
export interface Commands {
  session_read: { request: Nothing; answer: Session };
  plant_read: { request: Nothing; answer: PlantView };
  plant_reload: { request: Nothing; answer: PlantStatus };
  status_read: { request: Nothing; answer: Status };
  alarms_read: { request: Nothing; answer: ActiveAlarms };
  alarm_acknowledge: { request: AcknowledgeAlarms; answer: ActedOn };
  alarm_reset: { request: ResetAlarms; answer: ActedOn };
  journal_read: { request: ReadJournal; answer: JournalPage };
  history_read: { request: ReadHistory; answer: ArrayBuffer };
  history_instant: { request: ReadInstant; answer: ArrayBuffer };
  trend_draw: { request: DrawTrend; answer: ArrayBuffer };
  demo_read: { request: Nothing; answer: DemoView };
  demo_act: { request: DemoAct; answer: DemoView };
}

/** The name of a command. */
export type Command = keyof Commands;

/** The request of a command that takes nothing. */
export const NOTHING: Nothing = {};
