/** The workloads that need no file. */
import { type Workload, workload } from './workload.ts'

/** Of a run, the part that becomes steady and the part that counts. Unit: ms. */
const QUICK = { durationMs: 1_500, steadyMs: 1_000 }

/** Every pattern once, for as long as a figure takes to be true; no load curve, which takes longer. */
export function quickWorkloads(): Workload[] {
  return [
    workload({ pattern: 'point-to-point', warmUp: 1_000, ...QUICK }),
    workload({ pattern: 'fan-out', receivers: 3, warmUp: 500, durable: false, ...QUICK }),
    workload({ pattern: 'multicast', receivers: 3, warmUp: 200, ...QUICK }),
    workload({ pattern: 'topic', receivers: 2, bystanders: 50, warmUp: 500, durable: false, ...QUICK }),
    workload({ pattern: 'request-response', warmUp: 100, inFlight: 1, durable: false, ...QUICK }),
    workload({ pattern: 'store-and-forward', count: 20_000, durationMs: 600, warmUp: 0 }),
    workload({ pattern: 'browse', count: 5_000, durationMs: 300, warmUp: 0 }),
  ]
}

/** Long enough for figures worth keeping. */
export function fullWorkloads(): Workload[] {
  return [
    workload({ pattern: 'point-to-point', name: 'point-to-point 200 B', count: 50_000, warmUp: 5_000 }),
    workload({
      pattern: 'point-to-point',
      name: 'point-to-point 1 KiB',
      bytes: 1024,
      count: 50_000,
      warmUp: 5_000,
    }),
    workload({
      pattern: 'point-to-point',
      name: 'point-to-point, 8 headers',
      headers: 8,
      count: 30_000,
      warmUp: 3_000,
    }),
    workload({ pattern: 'fan-out', receivers: 5, count: 20_000, durable: false }),
    workload({ pattern: 'multicast', receivers: 5, count: 10_000, warmUp: 1_000 }),
    workload({ pattern: 'topic', receivers: 3, bystanders: 1_000, count: 20_000, durable: false }),
    workload({ pattern: 'request-response', count: 5_000, warmUp: 500, inFlight: 1, durable: false }),
    workload({ pattern: 'store-and-forward', count: 50_000, warmUp: 0 }),
    workload({ pattern: 'browse', count: 20_000, warmUp: 0 }),
    workload({
      pattern: 'point-to-point',
      name: 'point-to-point under load',
      count: 200_000,
      warmUp: 1_000,
      loads: [0.1, 0.25, 0.5, 0.65, 0.8, 0.9, 1],
    }),
  ]
}
