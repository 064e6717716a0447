/** Compare brokers: the engine behind `sluice compare` and `bench/`. */
export { type CompareOptions, compare, type Progress } from './compare.ts'
export { type Change, checkReport, type DiffOptions, diff } from './diff.ts'
export { fullWorkloads, quickWorkloads } from './load/presets.ts'
export { type Workload, workload, workloadsFrom } from './load/workload.ts'
export { csv } from './report/csv.ts'
export { html } from './report/html.ts'
export { markdown, markdownTable, terminalTable } from './report/text.ts'
export { type Cell, type Comparison, type Report, SCHEMA_VERSION } from './report.ts'
