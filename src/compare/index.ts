/** Compare brokers: the engine behind `sluice compare` and `bench/`. */
export {
  type Cell,
  type CompareOptions,
  compare,
  type Overhead,
  type Progress,
  type Report,
  SCHEMA_VERSION,
} from './compare.ts'
export { type Change, type DiffOptions, diff } from './diff.ts'
export { html } from './report/html.ts'
export { csv, markdown, terminalTable } from './report/text.ts'
export { fullWorkloads, quickWorkloads, type Workload, workload, workloadsFrom } from './workload.ts'
