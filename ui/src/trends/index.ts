export { default as TrendChart } from './TrendChart.svelte';
export { default as TrendsScreen } from './TrendsScreen.svelte';
export type { Span, View } from './span';
export { trendHash } from './trend-hash';
