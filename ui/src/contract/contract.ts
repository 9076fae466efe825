// The words of the contract with the engine, as TypeScript. Generated from the Rust types: do not edit.
export type Nothing = Record<string, never>;
export type Permission = 'view' | 'acknowledge' | 'operate' | 'configure';
export type Host = 'window' | 'browser';
export type Session = {
  user: string;
  station: string;
  permissions: Array<Permission>;
  host: Host;
  version: string;
  demo: boolean;
};
export type LevelView = 'site' | 'area' | 'line' | 'machine';
export type EquipmentView = { id: string; parent: string | null; level: LevelView; name: string };
export type TagRole = 'state' | 'speed' | 'speedTarget' | 'goodCount' | 'rejectCount' | 'key';
export type TagKind = 'bool' | 'int' | 'float' | 'text';
export type LimitKind = 'highHigh' | 'high' | 'low' | 'lowLow';
export type LimitView = { kind: LimitKind; value: number; priority: number };
export type TagView = {
  index: number;
  id: string;
  name: string;
  equipment: string | null;
  role: TagRole | null;
  kind: TagKind;
  unit: string;
  decimals: number;
  range: [number, number] | null;
  normal: [number, number] | null;
  limits: Array<LimitView>;
  gateway: string | null;
  formula: string | null;
  words: [string, string] | null;
  recorded: boolean;
};
export type AlarmView = {
  id: string;
  message: string;
  tag: number | null;
  equipment: string | null;
  condition: string;
  priority: number;
  class: string;
  cause: string;
  consequence: string;
  action: string;
  timeToRespond: string;
};
export type PlantView = {
  revision: number;
  name: string;
  equipment: Array<EquipmentView>;
  tags: Array<TagView>;
  alarms: Array<AlarmView>;
};
export type AlarmState = 'normal' | 'unack' | 'acked' | 'rtnUnack' | 'latchedUnack' | 'latchedAcked';
export type ActiveAlarm = {
  occurrence: string;
  alarm: string;
  state: AlarmState;
  priority: number;
  message: string;
  equipment: string | null;
  tag: number | null;
  condition: string;
  value: string;
  raisedAt: number;
  returnedAt: number | null;
  ackedAt: number | null;
  ackedBy: string | null;
  note: string | null;
  sourceLost: boolean;
};
export type ActiveAlarms = { revision: number; alarms: Array<ActiveAlarm> };
export type AcknowledgeAlarms = { occurrences: Array<string>; note: string };
export type ResetAlarms = { occurrences: Array<string>; note: string };
export type RefusedOccurrence = { occurrence: string; reason: string };
export type ActedOn = { done: Array<string>; refused: Array<RefusedOccurrence> };
export type JournalKind = 'raised' | 'returned' | 'acknowledged' | 'reset' | 'recurred' | 'action' | 'system';
export type ReadJournal = {
  before: number | null;
  limit: number;
  equipment: string | null;
  alarm: string | null;
  text: string | null;
  priority: number | null;
  from: number | null;
  to: number | null;
};
export type JournalEntry = {
  seq: number;
  time: number;
  kind: JournalKind;
  alarm: string | null;
  occurrence: string | null;
  equipment: string | null;
  priority: number | null;
  message: string;
  value: string;
  user: string;
  station: string;
  note: string;
};
export type JournalPage = { entries: Array<JournalEntry>; next: number | null };
export type GatewayState = 'connecting' | 'up' | 'down';
export type ErrorCount = { kind: string; count: number };
export type GatewayView = {
  id: string;
  name: string;
  kind: string;
  address: string;
  state: GatewayState;
  since: number;
  reason: string;
  tags: number;
  tagsNotGood: number;
  messages: number;
  messagesPerSecond: number;
  samples: number;
  samplesPerSecond: number;
  bytes: number;
  connects: number;
  merged: number;
  unknown: number;
  latencyMs: number | null;
  lastMessageAt: number | null;
  errors: Array<ErrorCount>;
  lastError: string | null;
  lastErrorAt: number | null;
};
export type StoreView = {
  working: boolean;
  reason: string;
  since: number;
  bytes: number;
  written: number;
  queued: number;
  dropped: number;
};
export type ProblemView = { error: boolean; file: string; line: number; message: string; remedy: string };
export type PlantStatus = { folder: string; activatedAt: number; problems: Array<ProblemView> };
export type Status = { gateways: Array<GatewayView>; history: StoreView; journal: StoreView; plant: PlantStatus };
export type DemoAct =
  | { act: 'jam'; machine: string }
  | { act: 'clear'; machine: string }
  | { act: 'stopBroker' }
  | { act: 'startBroker' }
  | { act: 'freezePlc' }
  | { act: 'thawPlc' }
  | { act: 'alarmFlood' };
export type DemoMachine = { id: string; name: string; jammed: boolean };
export type DemoView = { machines: Array<DemoMachine>; brokerRunning: boolean; plcFrozen: boolean; flooding: boolean };
export type ReadHistory = { tags: Array<number>; from: number; to: number; pixels: number };
export type ReadInstant = { tags: Array<number>; time: number };
export type PictureFormat = 'png' | 'svg';
export type DrawTrend = {
  tags: Array<number>;
  from: number;
  to: number;
  width: number;
  height: number;
  format: PictureFormat;
};
