// The contract with the engine as TypeScript, generated from the Rust types: do not edit.
// After a change of the Rust types: UPDATE_BINDINGS=1 cargo test -p api bindings
export type Nothing = Record<symbol, never>;
export type Code = "denied" | "invalid" | "notFound" | "storage" | "unavailable" | "internal";
export type Failure = { 
/**
 * What kind.
 */
code: Code, 
/**
 * Why, and what to do, for a person.
 */
message: string, 
/**
 * Under this the log has the whole story. The router gives it.
 */
id: string, };
export type Permission = "view" | "acknowledge" | "operate" | "configure";
export type Host = "window" | "browser";
export type Session = { 
/**
 * The person's name in records.
 */
user: string, 
/**
 * This machine's name in records.
 */
station: string, 
/**
 * What the person may do.
 */
permissions: Array<Permission>, 
/**
 * Where the user interface runs.
 */
host: Host, 
/**
 * The program's version.
 */
version: string, 
/**
 * Whether the plant is the built-in demo, which can be disturbed on purpose.
 */
demo: boolean, };
export type LevelView = "site" | "area" | "line" | "machine";
export type EquipmentView = { 
/**
 * The path, such as `ulm/filling/line1/filler`.
 */
id: string, 
/**
 * The path of the node above, none for a site.
 */
parent: string | null, 
/**
 * Which level.
 */
level: LevelView, 
/**
 * What people call it.
 */
name: string, };
export type TagRole = "state" | "speed" | "speedTarget" | "goodCount" | "rejectCount" | "key";
export type TagKind = "bool" | "int" | "float" | "text";
export type LimitKind = "highHigh" | "high" | "low" | "lowLow";
export type LimitView = { 
/**
 * Which limit.
 */
kind: LimitKind, 
/**
 * In the tag's unit.
 */
value: number, 
/**
 * Priority of its alarm, 1 highest to 4.
 */
priority: number, };
export type TagView = { 
/**
 * The number by which frames and history requests name the tag.
 */
index: number, 
/**
 * The full id, such as `ulm/filling/line1/filler/temperature`.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * The equipment it belongs to; none for the plant's own.
 */
equipment: string | null, 
/**
 * What it means to its machine.
 */
role: TagRole | null, 
/**
 * What it holds.
 */
kind: TagKind, 
/**
 * The unit as shown; empty where there is none.
 */
unit: string, 
/**
 * Digits after the point.
 */
decimals: number, 
/**
 * Display range: the ends of a bar or an axis.
 */
range: [number, number] | null, 
/**
 * Normal band: where the value should be.
 */
normal: [number, number] | null, 
/**
 * Alarm limits, for bars and trends.
 */
limits: Array<LimitView>, 
/**
 * The gateway it comes from; none for a calculated tag.
 */
gateway: string | null, 
/**
 * The formula of a calculated tag.
 */
formula: string | null, 
/**
 * Words for values on and off, where they have any.
 */
words: [string, string] | null, 
/**
 * Whether its history is recorded.
 */
recorded: boolean, 
/**
 * Whether what lies between two recorded values is the straight line between them.
 */
sloped: boolean, };
export type AlarmView = { 
/**
 * The full id.
 */
id: string, 
/**
 * What is shown in lists.
 */
message: string, 
/**
 * The tag it watches, where it watches one.
 */
tag: number | null, 
/**
 * The equipment it belongs to; none for the plant's own, such as a gateway's alarm.
 */
equipment: string | null, 
/**
 * The condition in words, such as `high, 82.0 °C`.
 */
condition: string, 
/**
 * 1 highest to 4 diagnostic.
 */
priority: number, 
/**
 * Class, such as `process`.
 */
class: string, 
/**
 * What usually causes it.
 */
cause: string, 
/**
 * What happens if nobody acts.
 */
consequence: string, 
/**
 * What to do.
 */
action: string, 
/**
 * How to see that it has helped.
 */
confirmation: string, 
/**
 * How long there is to act, in seconds; none where not said.
 */
timeToRespondS: number | null, 
/**
 * The screen to look at: the path of equipment, a path relative to the plant's folder, or an `https` address.
 */
screen: string | null, 
/**
 * What to read: a path relative to the plant's folder, or an `https` address.
 */
document: string | null, 
/**
 * It is looked at while this formula is true; none for always.
 */
enabledWhen: string | null, 
/**
 * It is suppressed while this formula is true; none for never.
 */
suppressedWhen: string | null, };
export type PlantView = { 
/**
 * Goes up with every activated plant; a frame carries the same number.
 */
revision: number, 
/**
 * What people call the plant.
 */
name: string, 
/**
 * All equipment, parents first, machines of a line in order of flow.
 */
equipment: Array<EquipmentView>, 
/**
 * All tags.
 */
tags: Array<TagView>, 
/**
 * All configured alarms.
 */
alarms: Array<AlarmView>, };
export type AlarmState = "normal" | "unack" | "acked" | "rtnUnack" | "latchedUnack" | "latchedAcked" | "rtnUnconfirmed";
export type ActiveAlarm = { 
/**
 * Names the occurrence; an acknowledgement carries it.
 */
occurrence: string, 
/**
 * The alarm's id.
 */
alarm: string, 
/**
 * Where it stands.
 */
state: AlarmState, 
/**
 * 1 highest to 4.
 */
priority: number, 
/**
 * What is shown.
 */
message: string, 
/**
 * The equipment's path, where it has one.
 */
equipment: string | null, 
/**
 * The tag it watches, where it watches one.
 */
tag: number | null, 
/**
 * The condition in words, such as `high, 82.0 °C`.
 */
condition: string, 
/**
 * The value that raised it, in words with its unit; empty where there is none.
 */
value: string, 
/**
 * When it was raised.
 */
raisedAt: number, 
/**
 * When it was last announced: raised, come back, more severe, or called again. An acknowledgement carries it.
 */
announcedAt: number, 
/**
 * When the condition went back to normal.
 */
returnedAt: number | null, 
/**
 * When it was acknowledged, by whom, where, and with what note.
 */
ackedAt: number | null, 
/**
 * Who acknowledged it.
 */
ackedBy: string | null, 
/**
 * The note of the acknowledgement.
 */
note: string | null, 
/**
 * At which station it was acknowledged.
 */
ackedAtStation: string | null, 
/**
 * Its priority before it was as severe as now; none where it never was another one.
 */
lastPriority: number | null, 
/**
 * Whether somebody has to confirm that the action was taken, and has not.
 */
needsConfirmation: boolean, 
/**
 * Who confirmed that the action was taken.
 */
confirmed: AlarmAct | null, 
/**
 * What was noted of it, the earliest first.
 */
notes: Array<AlarmAct>, 
/**
 * How often it was announced again because nobody did anything.
 */
reAlarms: number, 
/**
 * Whether it is the first of its group that stands.
 */
firstOut: boolean, 
/**
 * The group of which the first one is marked; none where it belongs to no group.
 */
firstOutGroup: string | null, 
/**
 * Set where its alarm chatters.
 */
chattering: AlarmChatter | null, 
/**
 * How often within the last hour its alarm went within ten seconds and did not come again for a minute.
 */
fleeting: number, 
/**
 * Whether its source is silent or bad, so that the state is the last one known.
 */
sourceLost: boolean, };
export type ActiveAlarms = { 
/**
 * Goes up with every change; a frame carries the same number.
 */
revision: number, 
/**
 * Unacknowledged first, then by priority, then newest first.
 */
alarms: Array<ActiveAlarm>, 
/**
 * The alarms that are not announced, in the order of the plant. They are not among the others.
 */
suppressed: Array<SuppressedAlarm>, 
/**
 * The flood that goes on; `null` where there is none.
 */
flood: AlarmFlood | null, };
export type AlarmFlood = { 
/**
 * When the first of its alarms came.
 */
since: number, 
/**
 * How many there were since.
 */
count: number, };
export type AlarmChatter = { 
/**
 * How often it came since it began to.
 */
times: number, 
/**
 * How long ago that was, seconds.
 */
seconds: number, };
export type AlarmCompanions = { 
/**
 * From when on the journal was looked at.
 */
from: number, 
/**
 * Until when.
 */
to: number, 
/**
 * The strongest first.
 */
pairs: Array<AlarmPair>, };
export type AlarmPair = { 
/**
 * The alarms' ids.
 */
alarms: [string, string], 
/**
 * How often they came together.
 */
together: number, 
/**
 * How often the rarer of them came at all.
 */
of: number, };
export type AlarmAct = { 
/**
 * Who.
 */
user: string, 
/**
 * At which station.
 */
station: string, 
/**
 * What they said; may be empty.
 */
note: string, 
/**
 * When.
 */
at: number, };
export type SuppressedAlarm = { 
/**
 * The alarm's id.
 */
alarm: string, 
/**
 * 1 highest to 4.
 */
priority: number, 
/**
 * What is shown.
 */
message: string, 
/**
 * The equipment's path, where it has one.
 */
equipment: string | null, 
/**
 * Whether its condition holds now.
 */
isPresent: boolean, 
/**
 * Who shelved it and why.
 */
shelved: AlarmAct | null, 
/**
 * Until when it is shelved.
 */
shelvedUntil: number | null, 
/**
 * Whether the shelving ends when it returns to normal.
 */
oneShot: boolean, 
/**
 * The plant's rule that suppresses it, in words.
 */
byDesign: string | null, 
/**
 * Since when it does.
 */
byDesignSince: number | null, 
/**
 * Who took it out of service and why.
 */
outOfService: AlarmAct | null, };
export type ActOnOccurrences = { 
/**
 * Which occurrences; at most 1,000 at once.
 */
occurrences: Array<string>, 
/**
 * Of each, when it was last announced as far as whoever acts has seen. One that was announced since is not acknowledged. May be
 * left out: then each is meant as it stands.
 */
announcedAt: number[], 
/**
 * What was seen or done; may be empty except for `alarm_note`; at most 2,000 characters.
 */
note: string, };
export type ActOnAlarms = { 
/**
 * Which alarms; at most 1,000 at once.
 */
alarms: Array<string>, 
/**
 * Why; at most 2,000 characters; must be said where an alarm is taken out of service.
 */
note: string, };
export type ShelveAlarms = { 
/**
 * Which alarms; at most 1,000 at once.
 */
alarms: Array<string>, 
/**
 * For how long at most, in minutes; an alarm may allow less than is asked.
 */
minutes: number, 
/**
 * Until they return to normal, if that is earlier.
 */
oneShot: boolean, 
/**
 * Why; at most 2,000 characters.
 */
note: string, };
export type RefusedAct = { 
/**
 * Which occurrence or alarm.
 */
target: string, 
/**
 * Why, in words.
 */
reason: string, };
export type ActedOn = { 
/**
 * Done and committed.
 */
done: Array<string>, 
/**
 * Not done, each with its reason.
 */
refused: Array<RefusedAct>, };
export type JournalKind = "raised" | "returned" | "acknowledged" | "reset" | "recurred" | "escalated" | "eased" | "reAlarmed" | "announced" | "confirmed" | "noted" | "shelved" | "unshelved" | "suppressed" | "unsuppressed" | "outOfService" | "inService" | "heard" | "action" | "system";
export type JournalFilter = { 
/**
 * Only of this equipment and below.
 */
equipment: string | null, 
/**
 * Only of this alarm.
 */
alarm: string | null, 
/**
 * Only entries with this text in message, note, user or equipment.
 */
text: string | null, 
/**
 * Only of what was done by somebody with this text in their name.
 */
user: string | null, 
/**
 * Only of this priority.
 */
priority: number | null, 
/**
 * Only of these kinds; of all where there is none.
 */
kinds: Array<JournalKind>, 
/**
 * Not before this time.
 */
from: number | null, 
/**
 * Before this time.
 */
to: number | null, };
export type ReadJournal = { 
/**
 * Only entries before this sequence number; none for the newest.
 */
before: number | null, 
/**
 * At most so many entries, 1 to 500.
 */
limit: number, 
/**
 * Which.
 */
filter: JournalFilter, };
export type ExportJournal = { 
/**
 * Which.
 */
filter: JournalFilter, };
export type JournalEntry = { 
/**
 * Its place in the journal.
 */
seq: number, 
/**
 * When it happened.
 */
time: number, 
/**
 * What happened.
 */
kind: JournalKind, 
/**
 * The alarm, for entries of alarms.
 */
alarm: string | null, 
/**
 * The occurrence, for entries of alarms.
 */
occurrence: string | null, 
/**
 * The equipment's path.
 */
equipment: string | null, 
/**
 * 1 highest to 4, for entries of alarms.
 */
priority: number | null, 
/**
 * What is shown.
 */
message: string, 
/**
 * The value in words with its unit; empty where there is none.
 */
value: string, 
/**
 * Who did it; empty where nobody did.
 */
user: string, 
/**
 * Where it was done.
 */
station: string, 
/**
 * What they said; the result of an action.
 */
note: string, };
export type JournalPage = { 
/**
 * Newest first.
 */
entries: Array<JournalEntry>, 
/**
 * What to ask `before` for the next page; none at the end.
 */
next: number | null, };
export type ReadPerformance = { 
/**
 * From this time.
 */
from: number, 
/**
 * Up to this time, at most 400 days later.
 */
to: number, 
/**
 * Only the alarms of this equipment and below: what one operator answers for.
 */
equipment: string | null, };
export type PerformanceView = { 
/**
 * From this time: as asked for, or the journal's beginning where that is later.
 */
from: number, 
/**
 * Up to this time: as asked for, or now.
 */
to: number, 
/**
 * Whose journal it is.
 */
station: string, 
/**
 * Annunciated alarms.
 */
count: number, 
/**
 * Different alarms among them.
 */
alarms: number, 
/**
 * On average in ten minutes.
 */
perTenMinutes: number, 
/**
 * On average in an hour.
 */
perHour: number, 
/**
 * On average in a day.
 */
perDay: number, 
/**
 * Hours, and those with more than 30.
 */
hours: PeriodsView, 
/**
 * Periods of ten minutes, and those with more than ten.
 */
tenMinutes: PeriodsView, 
/**
 * Most within any ten minutes.
 */
peak: number, 
/**
 * When the ten minutes with the most ended; none where there was no alarm.
 */
peakAt: number | null, 
/**
 * How many floods there were.
 */
floodCount: number, 
/**
 * Milliseconds of flood.
 */
floodedMs: number, 
/**
 * The floods, the newest first; at most the newest hundred.
 */
floods: Array<FloodView>, 
/**
 * The alarms that came most often, at most ten.
 */
top: Array<ContributionView>, 
/**
 * Alarms that chattered, with how many times they began to; at most a hundred, as in the lists that follow.
 */
chattering: Array<ContributionView>, 
/**
 * Alarms that were fleeting, with how many times.
 */
fleeting: Array<ContributionView>, 
/**
 * Alarms that were active for more than a day at some time in the window, the longest first.
 */
stale: Array<StaleView>, 
/**
 * Alarms that are so at the end.
 */
staleAtEnd: number, 
/**
 * Most of them on one day.
 */
staleOnADay: number, 
/**
 * By priority, the most urgent first.
 */
priorities: Array<PriorityView>, 
/**
 * How many had returned before anybody acknowledged them.
 */
returnedUnacknowledged: number, 
/**
 * How many times one person began to acknowledge more than five within ten seconds.
 */
hasty: number, 
/**
 * Alarms in each hour of each day of the local calendar.
 */
heat: Array<HeatDay>, };
export type PeriodsView = { 
/**
 * How many there are.
 */
whole: number, 
/**
 * In how many there were too many alarms.
 */
busy: number, };
export type MeasuredAlarm = { 
/**
 * Its id.
 */
alarm: string, 
/**
 * What was shown.
 */
message: string, 
/**
 * The equipment's path.
 */
equipment: string | null, 
/**
 * 1 highest to 4.
 */
priority: number, };
export type ContributionView = { 
/**
 * Which.
 */
alarm: MeasuredAlarm, 
/**
 * How often.
 */
count: number, };
export type FloodView = { 
/**
 * When the first of its alarms came.
 */
begin: number, 
/**
 * When it ended, or the window did.
 */
end: number, 
/**
 * Whether it had ended by then.
 */
ended: boolean, 
/**
 * Alarms in it.
 */
count: number, 
/**
 * Most within ten minutes.
 */
peak: number, 
/**
 * The first ten alarms.
 */
first: Array<FirstAlarm>, 
/**
 * The alarms that came most often, at most ten.
 */
top: Array<ContributionView>, };
export type FirstAlarm = { 
/**
 * Which.
 */
alarm: MeasuredAlarm, 
/**
 * When it came.
 */
time: number, };
export type StaleView = { 
/**
 * Which.
 */
alarm: MeasuredAlarm, 
/**
 * Since when, which may be before the window.
 */
since: number, 
/**
 * Until when; none where it is active at the end.
 */
until: number | null, };
export type PriorityView = { 
/**
 * 1 highest to 4.
 */
priority: number, 
/**
 * How many there were.
 */
count: number, 
/**
 * How many were acknowledged.
 */
acknowledged: number, 
/**
 * The median of the times to that, seconds.
 */
medianS: number | null, 
/**
 * In 95 of 100 cases it was no longer than this, seconds.
 */
p95S: number | null, };
export type HeatDay = { 
/**
 * Its date, such as `2026-11-23`.
 */
date: string, 
/**
 * When each of its hours begins, by the clock of that day.
 */
begins: number[], 
/**
 * Alarms in each of its 24 hours.
 */
hours: Array<number>, };
export type GatewayState = "connecting" | "up" | "down";
export type ErrorCount = { 
/**
 * In words: `could not connect`, `connection lost`, `silent`, ...
 */
kind: string, 
/**
 * Since the start.
 */
count: number, };
export type GatewayView = { 
/**
 * Its id.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * The protocol's word.
 */
kind: string, 
/**
 * Where it is reached, in words.
 */
address: string, 
/**
 * Where it stands.
 */
state: GatewayState, 
/**
 * Since when.
 */
since: number, 
/**
 * Why, in words; empty while all is well.
 */
reason: string, 
/**
 * How many tags come from it.
 */
tags: number, 
/**
 * How many of those are not good now.
 */
tagsNotGood: number, 
/**
 * Messages or answered polls since the start.
 */
messages: number, 
/**
 * Of the last whole second.
 */
messagesPerSecond: number, 
/**
 * Samples since the start.
 */
samples: number, 
/**
 * Of the last whole second.
 */
samplesPerSecond: number, 
/**
 * Payload bytes since the start.
 */
bytes: number, 
/**
 * Of the last whole second.
 */
bytesPerSecond: number, 
/**
 * Connections made since the start.
 */
connects: number, 
/**
 * How often the connection had to be made again.
 */
reconnects: number, 
/**
 * Samples merged because the engine was busy.
 */
merged: number, 
/**
 * Messages that no tag wanted.
 */
unknown: number, 
/**
 * Polls left out because the one before was not done.
 */
overruns: number, 
/**
 * Milliseconds from request to answer, newest.
 */
latencyMs: number | null, 
/**
 * When the last message came.
 */
lastMessageAt: number | null, 
/**
 * The source's time of the newest value.
 */
newestValueAt: number | null, 
/**
 * The certificate that needs somebody most; none while all are good.
 */
certificate: CertificateWarning | null, 
/**
 * How many requests a round of polls has, where the protocol polls.
 */
blocks: number, 
/**
 * How many of those have a fault.
 */
blocksFaulty: number, 
/**
 * How many edge nodes and devices announced themselves, where the protocol has them.
 */
nodes: number, 
/**
 * How many of those are gone or have a fault.
 */
nodesFaulty: number, 
/**
 * Errors by kind, those above zero.
 */
errors: Array<ErrorCount>, 
/**
 * The last error in words.
 */
lastError: string | null, 
/**
 * When it was.
 */
lastErrorAt: number | null, };
export type StoreView = { 
/**
 * Whether what is new gets to disk.
 */
working: boolean, 
/**
 * Why not, in words; empty while all is well.
 */
reason: string, 
/**
 * What a person should know of the past, such as a damaged file that was set aside; empty otherwise.
 */
notice: string, 
/**
 * What will become a trouble if nobody does anything, such as a disk that is nearly full or slow; empty otherwise.
 */
warning: string, 
/**
 * Since when it stands as it does.
 */
since: number, 
/**
 * Bytes of the file, its log included.
 */
bytes: number, 
/**
 * Rows written since the start.
 */
written: number, 
/**
 * Rows waiting to be written.
 */
queued: number, 
/**
 * Rows given up because the queue was full or the store was not working.
 */
dropped: number, };
export type GivenUpView = { 
/**
 * Its id.
 */
id: string, 
/**
 * The rule it followed.
 */
rule: string, 
/**
 * To whom it should have gone.
 */
to: string, 
/**
 * When it was given up.
 */
at: number, 
/**
 * Why.
 */
reason: string, };
export type NotificationsView = { 
/**
 * Whether what is to be told is told.
 */
working: boolean, 
/**
 * Why not, in words; empty while all is well.
 */
reason: string, 
/**
 * Since when it stands as it does.
 */
since: number, 
/**
 * How many rules there are.
 */
rules: number, 
/**
 * Messages that are to be sent.
 */
waiting: number, 
/**
 * Messages that were delivered within the last 30 days.
 */
delivered: number, 
/**
 * The newest messages that were given up, newest first.
 */
givenUp: Array<GivenUpView>, };
export type ProblemView = { 
/**
 * Whether it keeps the plant from being activated; otherwise it is a warning.
 */
error: boolean, 
/**
 * The file, relative to the plant's folder.
 */
file: string, 
/**
 * The line, from 1; 0 where none can be named.
 */
line: number, 
/**
 * What is wrong.
 */
message: string, 
/**
 * What to do.
 */
remedy: string, };
export type PlantStatus = { 
/**
 * The folder; empty for the demo plant.
 */
folder: string, 
/**
 * When the running plant was activated.
 */
activatedAt: number, 
/**
 * What the last reading found; errors here mean that the older plant still runs.
 */
problems: Array<ProblemView>, };
export type ExchangeState = "unready" | "connecting" | "up" | "down";
export type OtherStation = { 
/**
 * Its name.
 */
name: string, 
/**
 * When acts of it last came, whether they were news or not.
 */
heardAt: number | null, };
export type StationsView = { 
/**
 * Where it stands.
 */
state: ExchangeState, 
/**
 * Why, in words; empty while all is well.
 */
reason: string, 
/**
 * The id of the gateway over whose broker it goes.
 */
gateway: string, 
/**
 * This station's name.
 */
station: string, 
/**
 * The other stations of the plant file.
 */
others: Array<OtherStation>, 
/**
 * Messages that the broker took.
 */
sent: number, 
/**
 * When it last took one.
 */
lastSentAt: number | null, 
/**
 * Messages that it has yet to take.
 */
waiting: number, 
/**
 * Acts of other stations that were news.
 */
heard: number, 
/**
 * When there last were some.
 */
lastHeardAt: number | null, 
/**
 * Messages and acts that were refused.
 */
refused: number, 
/**
 * Why the last one was, in words.
 */
lastRefused: string | null, 
/**
 * When that was.
 */
lastRefusedAt: number | null, };
export type Status = { 
/**
 * Every gateway, in the plant file's order.
 */
gateways: Array<GatewayView>, 
/**
 * The history file.
 */
history: StoreView, 
/**
 * The journal file.
 */
journal: StoreView, 
/**
 * Who is told away from the screen; none where the plant file asks for nobody.
 */
notifications: NotificationsView | null, 
/**
 * The plant file.
 */
plant: PlantStatus, 
/**
 * The exchange of acts on alarms with other stations; `null` where the plant file has none.
 */
stations: StationsView | null, };
export type ReadHistory = { 
/**
 * Which tags, at most 16.
 */
tags: Array<number>, 
/**
 * From this time.
 */
from: number, 
/**
 * Up to this time.
 */
to: number, 
/**
 * Width of the picture, 1 to 10,000.
 */
pixels: number, };
export type ReadInstant = { 
/**
 * Which tags, at most 20,000.
 */
tags: Array<number>, 
/**
 * The instant.
 */
time: number, };
export type SummaryPart = "states" | "increase";
export type ReadSummary = { 
/**
 * Which tags, at most 16.
 */
tags: Array<number>, 
/**
 * From this time.
 */
from: number, 
/**
 * Up to this time; of a later time than now nothing is known, and the answer ends now.
 */
to: number, 
/**
 * So many intervals of the same length, 1 to 500; the last one may be shorter.
 */
intervals: number, 
/**
 * What is to be told of the whole stretch beside them. It is read from the samples one by one.
 */
with: Array<SummaryPart>, 
/**
 * How many values a counter of these tags has, such as 65,536 of 16 bits: a fall by more than half of it is a step over its end.
 * Without it every fall is a reset.
 */
counterEnd: number | null, };
export type ExtremeView = { 
/**
 * The value.
 */
value: number, 
/**
 * When a sample first had it; null where it held from before or is on a line between samples, and where the samples are kept no longer.
 */
time: number | null, };
export type IntervalSummary = { 
/**
 * Its first instant.
 */
from: number, 
/**
 * The first instant after it.
 */
to: number, 
/**
 * Good samples in it (Count).
 */
count: number, 
/**
 * The average over the good time (TimeAverage2), held or on a straight line as the tag is recorded; null without a number.
 */
mean: number | null, 
/**
 * The least value, what held at the beginning too (Minimum2).
 */
least: ExtremeView | null, 
/**
 * The greatest value, what held at the beginning too (Maximum2).
 */
greatest: ExtremeView | null, 
/**
 * What held up to the beginning.
 */
first: number | null, 
/**
 * What holds at the end.
 */
last: number | null, 
/**
 * Share of its time with a good value, 0 to 100 (PercentGood).
 */
percentGood: number, 
/**
 * OPC UA status code of what is calculated here: uncertain where some of it was not good.
 */
quality: number, };
export type StateValue = boolean | number | string;
export type StateDuration = { 
/**
 * Which.
 */
state: StateValue, 
/**
 * How long, milliseconds.
 */
ms: number, };
export type StateSummary = { 
/**
 * The longest first; at most a thousand.
 */
durations: Array<StateDuration>, 
/**
 * Milliseconds in states beyond those.
 */
othersMs: number, 
/**
 * Milliseconds without a good state.
 */
unknownMs: number, 
/**
 * Changes from one good state to another.
 */
transitions: number, };
export type CounterSummary = { 
/**
 * The sum of all steps upwards, with those over its end.
 */
total: number, 
/**
 * How often it went over its end.
 */
rollovers: number, 
/**
 * How often it fell back otherwise.
 */
resets: number, };
export type TagSummary = { 
/**
 * Which tag.
 */
tag: number, 
/**
 * In order of time, without gaps.
 */
intervals: Array<IntervalSummary>, 
/**
 * Its states, where they were asked for.
 */
states: StateSummary | null, 
/**
 * Its increase, where that was asked for and it holds numbers.
 */
increase: CounterSummary | null, };
export type HistorySummary = { 
/**
 * Where it begins.
 */
from: number, 
/**
 * Up to what time it was known.
 */
to: number, 
/**
 * In the order in which they were asked for; those that are not recorded are left out.
 */
tags: Array<TagSummary>, };
export type PictureFormat = "png" | "svg";
export type DrawTrend = { 
/**
 * Which tags, at most 16.
 */
tags: Array<number>, 
/**
 * From this time.
 */
from: number, 
/**
 * Up to this time.
 */
to: number, 
/**
 * Pixels, 320 to 8,000.
 */
width: number, 
/**
 * Pixels, 200 to 8,000.
 */
height: number, 
/**
 * Pixels or lines.
 */
format: PictureFormat, };
export type DataFormat = "csv" | "parquet";
export type DataForm = "long" | "wide";
export type StartExport = { 
/**
 * Which tags, at most 16.
 */
tags: Array<number>, 
/**
 * From this time.
 */
from: number, 
/**
 * Up to this time.
 */
to: number, 
/**
 * The file's format.
 */
format: DataFormat, 
/**
 * What a row is.
 */
form: DataForm, 
/**
 * In the wide form, milliseconds from row to row; otherwise, and where it is null, the instants of the samples.
 */
every: number | null, };
export type ExportId = { 
/**
 * Which one.
 */
export: number, };
export type CertificateOwner = "peer" | "own" | "authority";
export type CertificateLevel = "good" | "information" | "warning" | "alarm" | "notYetValid" | "ended";
export type CertificateWarning = { 
/**
 * How near its end is.
 */
level: CertificateLevel, 
/**
 * Whole days up to its end; below 0 after it.
 */
daysLeft: number, };
export type CertificateView = { 
/**
 * Whose.
 */
owner: CertificateOwner, 
/**
 * For whom it was made out.
 */
subject: string, 
/**
 * It is valid from here on.
 */
notBefore: number, 
/**
 * It is valid up to here.
 */
notAfter: number, 
/**
 * Whole days up to its end; below 0 after it.
 */
daysLeft: number, 
/**
 * How near its end is.
 */
level: CertificateLevel, 
/**
 * SHA-256 of it, as hexadecimal digits.
 */
fingerprint: string, };
export type BlockView = { 
/**
 * The unit it goes to.
 */
unit: number, 
/**
 * The table it reads, in words.
 */
table: string, 
/**
 * The first cell, from 0.
 */
first: number, 
/**
 * How many cells.
 */
count: number, 
/**
 * How many tags are within.
 */
tags: number, 
/**
 * From one poll to the next, milliseconds.
 */
periodMs: number, 
/**
 * The answer's time, milliseconds; none before the first.
 */
latencyMs: number | null, 
/**
 * What is wrong with it, in words; empty while all is well.
 */
fault: string, };
export type NodeView = { 
/**
 * Its ids from the outermost: group, node, device.
 */
path: Array<string>, 
/**
 * Whether it is there.
 */
online: boolean, 
/**
 * Since when.
 */
since: number, 
/**
 * How many metrics it announced.
 */
metrics: number, 
/**
 * How many messages of it came.
 */
messages: number, 
/**
 * How many of its messages were missing or out of order.
 */
gaps: number, 
/**
 * How often it was asked to announce itself anew.
 */
rebirths: number, 
/**
 * What is wrong with it, in words; empty while all is well.
 */
fault: string, };
export type CaptionView = { 
/**
 * What it is about.
 */
caption: string, 
/**
 * What there is to say.
 */
words: string, };
export type GatewayId = { 
/**
 * The gateway's id.
 */
gateway: string, };
export type GatewayDetail = { 
/**
 * What the list says of it, at this moment.
 */
gateway: GatewayView, 
/**
 * The certificates in use, of both sides.
 */
certificates: Array<CertificateView>, 
/**
 * What is read together, where the protocol polls; those with a fault first, at most 1,000.
 */
blocks: Array<BlockView>, 
/**
 * Who announces itself on it, where the protocol has edge nodes; those with a fault first, at most 1,000.
 */
nodes: Array<NodeView>, 
/**
 * Anything else its protocol has to tell, such as its session with the broker.
 */
remarks: Array<CaptionView>, };
export type BrowseGateway = { 
/**
 * The gateway's id.
 */
gateway: string, 
/**
 * Below which offer, by its `path`; empty for the beginning.
 */
path: string, 
/**
 * The protocol's own wishes, such as which registers to read.
 */
options: Record<string, unknown>, };
export type OfferView = { 
/**
 * Where to look for what is below it.
 */
path: string, 
/**
 * Its own name, as the source writes it.
 */
name: string, 
/**
 * Whether there is more below it.
 */
hasMore: boolean, 
/**
 * The newest payload or value in words, shortened; none where nothing was seen.
 */
sample: string | null, 
/**
 * What its values seem to be.
 */
kind: TagKind | null, 
/**
 * The unit, where the source says one.
 */
unit: string, 
/**
 * The range, low before high, where the source says one.
 */
range: [number, number] | null, 
/**
 * The address a tag would have in the plant file; none for a place that is no value.
 */
address: Record<string, unknown> | null, 
/**
 * Whether a tag on it can be written.
 */
writable: boolean, 
/**
 * The equipment that the source suggests: group, edge node, device.
 */
equipment: Array<string>, 
/**
 * Further columns, such as a register in the four byte orders.
 */
columns: Array<CaptionView>, 
/**
 * The plant's tag that has this address already.
 */
tag: string | null, };
export type BrowsedView = { 
/**
 * In the protocol's order.
 */
offers: Array<OfferView>, 
/**
 * How many more there are than are listed.
 */
more: number, 
/**
 * What a person should know of the answer; may be empty.
 */
remark: string, };
export type AdoptTag = { 
/**
 * The path of the machine, line, area or site it is to belong to; none for the plant's own.
 */
equipment: string | null, 
/**
 * Its id within that; none to have one made of its name.
 */
id: string | null, 
/**
 * What people are to call it.
 */
name: string, 
/**
 * What it holds.
 */
kind: TagKind, 
/**
 * The unit; empty where there is none.
 */
unit: string, 
/**
 * Display range, low before high.
 */
range: [number, number] | null, 
/**
 * Digits after the point; none for what is usual.
 */
decimals: number | null, 
/**
 * Its address, as the gateway offers it.
 */
address: Record<string, unknown>, 
/**
 * Whether it may be written.
 */
writable: boolean, };
export type AdoptMachine = { 
/**
 * `site/area/line/machine`.
 */
path: string, 
/**
 * What people are to call it; empty for the last part of its path.
 */
name: string, };
export type Adopt = { 
/**
 * The gateway's id.
 */
gateway: string, 
/**
 * At most 5,000.
 */
tags: Array<AdoptTag>, 
/**
 * Those that are in the plant already are left alone.
 */
machines: Array<AdoptMachine>, };
export type LeftOut = { 
/**
 * Its name in the request.
 */
name: string, 
/**
 * Why.
 */
reason: string, };
export type Adopted = { 
/**
 * The full ids of the tags that were added.
 */
tags: Array<string>, 
/**
 * The paths of the machines that were added.
 */
machines: Array<string>, 
/**
 * What was left out because the plant has it already.
 */
leftOut: Array<LeftOut>, 
/**
 * The plant file afterwards.
 */
plant: PlantStatus, };
export type WriteValue = boolean | number | string;
export type WriteTag = { 
/**
 * The tag's full id.
 */
tag: string, 
/**
 * In the tag's unit.
 */
value: WriteValue, };
export type WriteResult = "done" | "refused" | "notConfirmed" | "unknown";
export type WriteOutcome = { 
/**
 * What became of it.
 */
outcome: WriteResult, 
/**
 * The reason, or what the device shows; empty when it is done.
 */
words: string, 
/**
 * The value that was wanted, in words with its unit.
 */
wanted: string, 
/**
 * The value before, in words with its unit and, where it could not be trusted, that; empty where there was none.
 */
before: string, };
export type AlarmTuning = { 
/**
 * The limit, in the unit of what is measured.
 */
limit: number | null, 
/**
 * The limit of the more severe level.
 */
secondLimit: number | null, 
/**
 * How far the measure must come back, in the same unit.
 */
deadband: number | null, 
/**
 * How long the condition must hold before it is raised, in seconds.
 */
onDelayS: number, 
/**
 * How long the condition must be gone before it returns, in seconds.
 */
offDelayS: number, 
/**
 * It is raised, too, once the condition has come so many times within the on-delay.
 */
times: number | null, };
export type TryAlarm = { 
/**
 * The alarm's id.
 */
alarm: string, 
/**
 * The beginning; at most 31 days before the end.
 */
from: number, 
/**
 * The end, not included.
 */
to: number, 
/**
 * Other numbers; none to see the alarm as it is.
 */
tuning: AlarmTuning | null, 
/**
 * Looks for numbers with which it comes at most so often a day and does not chatter; none for no search.
 */
suggestPerDay: number | null, };
export type TrialSpan = { 
/**
 * From when.
 */
from: number, 
/**
 * Until when; none where it still is at the end.
 */
to: number | null, 
/**
 * The number of its most severe level.
 */
level: number, };
export type TrialFigures = { 
/**
 * How often it was raised or came again while latched.
 */
activations: number, 
/**
 * How often it went on to a more severe level.
 */
escalations: number, 
/**
 * Time in alarm.
 */
activeMs: number, 
/**
 * Time in which its source could not be judged.
 */
unknownMs: number, 
/**
 * Activations that were over within ten seconds and did not come again for a minute.
 */
fleeting: number, 
/**
 * How often it began to chatter: came three times within a minute.
 */
chattering: number, 
/**
 * Most activations within any hour.
 */
worstHour: number, 
/**
 * Floods that it makes by itself: more than ten in ten minutes until fewer than five.
 */
floods: number, 
/**
 * Time in such floods.
 */
floodMs: number, 
/**
 * When it was active, oldest first; the newest 1,000.
 */
spans: Array<TrialSpan>, };
export type TrialRemark = "thinned" | "sloped" | "suppressionLeftOut" | "beginsLater" | "noSearch";
export type TriedAlarm = { 
/**
 * The time that was looked at; it ends now at the latest.
 */
from: number, 
/**
 * Its end.
 */
to: number, 
/**
 * Samples that were replayed.
 */
samples: number, 
/**
 * The first of them; none where there is none. Before it nothing is known.
 */
first: number | null, 
/**
 * Which limits these are, the first and the second; none where it measures something else than the tag's value.
 */
levels: Array<LimitKind>, 
/**
 * The numbers the alarm has.
 */
tuning: AlarmTuning, 
/**
 * What came of them.
 */
before: TrialFigures, 
/**
 * What would have come of the others.
 */
after: TrialFigures | null, 
/**
 * Numbers with the least change that meet what was asked for; none where it was not asked, or there are none.
 */
suggestion: AlarmTuning | null, 
/**
 * What would have come of these.
 */
suggested: TrialFigures | null, 
/**
 * What to keep in mind about the figures.
 */
remarks: Array<TrialRemark>, };
export type ChangeAlarm = { 
/**
 * The alarm's id.
 */
alarm: string, 
/**
 * All of its numbers. Those that are as they were are left alone in the file.
 */
tuning: AlarmTuning, 
/**
 * Why; not empty, at most 2,000 characters.
 */
reason: string, };
export type ChangedAlarm = { 
/**
 * The numbers it had.
 */
before: AlarmTuning, 
/**
 * The numbers it has now.
 */
after: AlarmTuning, 
/**
 * Other alarms that share what was changed, such as the deadband of a tag's limits.
 */
others: Array<string>, 
/**
 * The plant file afterwards.
 */
plant: PlantStatus, };
export type DemoAct = { "act": "jam", 
/**
 * Its equipment path.
 */
machine: string, } | { "act": "clear", 
/**
 * Its equipment path.
 */
machine: string, } | { "act": "stopBroker", } | { "act": "startBroker", } | { "act": "freezePlc", } | { "act": "thawPlc", } | { "act": "alarmFlood", };
export type DemoMachine = { 
/**
 * Its equipment path.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * Whether it is jammed.
 */
jammed: boolean, };
export type DemoView = { 
/**
 * The machines in order of flow.
 */
machines: Array<DemoMachine>, 
/**
 * Whether the broker runs.
 */
brokerRunning: boolean, 
/**
 * Whether the PLC is frozen.
 */
plcFrozen: boolean, 
/**
 * Whether a flood is going on.
 */
flooding: boolean, };
/** Every command, its request and its answer. */
export interface Commands {
  /** Who is at the screen and what they may do. */
  session_read: { request: Nothing; answer: Session };
  /** The plant: equipment, tags and alarms as configured. */
  plant_read: { request: Nothing; answer: PlantView };
  /** Reads the plant folder again and activates it if it has no errors. */
  plant_reload: { request: Nothing; answer: PlantStatus };
  /** Gateways, stores and the plant file: how the program itself is doing. */
  status_read: { request: Nothing; answer: Status };
  /** What is behind a gateway: certificates, polls, edge nodes. */
  gateway_read: { request: GatewayId; answer: GatewayDetail };
  /** Looks at what a gateway offers, which makes traffic on the way to it. */
  gateway_browse: { request: BrowseGateway; answer: BrowsedView };
  /** Takes what a gateway offers over into the plant file, and activates the plant. */
  plant_adopt: { request: Adopt; answer: Adopted };
  /** Writes a value to a tag's source, now or never, and says what became of it. */
  tag_write: { request: WriteTag; answer: WriteOutcome };
  /** Every alarm that still needs somebody. */
  alarms_read: { request: Nothing; answer: ActiveAlarms };
  /** Which alarms usually come together, from the journal; found anew once an hour. */
  alarm_companions: { request: Nothing; answer: AlarmCompanions };
  /** Acknowledges occurrences of alarms; what it says is done is on disk. */
  alarm_acknowledge: { request: ActOnOccurrences; answer: ActedOn };
  /** Confirms that what alarms ask for was done. */
  alarm_confirm: { request: ActOnOccurrences; answer: ActedOn };
  /** Resets latched alarms whose condition is gone and that are acknowledged. */
  alarm_reset: { request: ActOnOccurrences; answer: ActedOn };
  /** Makes a note on occurrences of alarms. */
  alarm_note: { request: ActOnOccurrences; answer: ActedOn };
  /** Shelves alarms: they are not announced for a while. */
  alarm_shelve: { request: ShelveAlarms; answer: ActedOn };
  /** Announces shelved alarms again. */
  alarm_unshelve: { request: ActOnAlarms; answer: ActedOn };
  /** Takes alarms out of service while their equipment is worked on. */
  alarm_out_of_service: { request: ActOnAlarms; answer: ActedOn };
  /** Returns alarms to service. */
  alarm_in_service: { request: ActOnAlarms; answer: ActedOn };
  /** Replays an alarm's past with other numbers, and suggests some. */
  alarm_try: { request: TryAlarm; answer: TriedAlarm };
  /** Gives an alarm other limits, deadband or delays in the plant file, and activates the plant. */
  alarm_change: { request: ChangeAlarm; answer: ChangedAlarm };
  /** A page of the journal, newest first. */
  journal_read: { request: ReadJournal; answer: JournalPage };
  /** Begins to write a part of the journal as a file. */
  journal_export: { request: ExportJournal; answer: ExportId };
  /** How the alarms performed: rates, floods, bad actors, waits. */
  alarm_performance: { request: ReadPerformance; answer: PerformanceView };
  /** What a trend of some pixels' width needs of history. */
  history_read: { request: ReadHistory; answer: ArrayBuffer };
  /** The values of tags at a past instant. */
  history_instant: { request: ReadInstant; answer: ArrayBuffer };
  /** What tags did in a stretch of time: averages, extremes, states, counts. */
  history_summary: { request: ReadSummary; answer: HistorySummary };
  /** A trend as a picture for paper. */
  trend_draw: { request: DrawTrend; answer: ArrayBuffer };
  /** Begins to write the samples of a trend as a file. */
  export_start: { request: StartExport; answer: ExportId };
  /** The next part of such a file. */
  export_next: { request: ExportId; answer: ArrayBuffer };
  /** Ends it early. */
  export_cancel: { request: ExportId; answer: Nothing };
  /** What can be disturbed in the demo plant, and what is. */
  demo_read: { request: Nothing; answer: DemoView };
  /** Disturbs the demo plant on purpose. */
  demo_act: { request: DemoAct; answer: DemoView };
}
