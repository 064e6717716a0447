/** Whether the machine had time for a measurement: looked at before and after each run, while the broker has nothing to do. */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** What the machine did beside a run. */
export interface MachineState {
  /** How long a short spin took, as a multiple of the processor time that it got; 1: the processor was ours alone. */
  readonly waited: number
  /** How much processor time that spin needed, as a multiple of the least that this process has seen. */
  readonly slowed: number
  /** Share of the processors that the host of a virtual machine gave to others. */
  readonly stolen: number
  /** Longest the event loop of the measuring process stood still. Unit: ms. */
  readonly stoodStillMs: number
}

/** Rounds of one spin; some 3 ms on a processor of today. */
const ROUNDS = 2_000_000
/** The best of so many counts: a single interruption is no busy machine. */
const SPINS = 3

let leastCpuMs = Infinity

export class MachineWatch {
  readonly #before = spin()
  readonly #ticks = ticks()
  readonly #loop = monitorEventLoopDelay({ resolution: 10 })

  constructor() {
    this.#loop.enable()
  }

  end(): MachineState {
    this.#loop.disable()
    const [before, after] = [this.#before, spin()]
    const [first, last] = [this.#ticks, ticks()]
    const all = last.all - first.all
    return {
      waited: Math.max(before.wallMs / before.cpuMs, after.wallMs / after.cpuMs),
      slowed: Math.max(before.cpuMs, after.cpuMs) / leastCpuMs,
      stolen: all > 0 ? (last.stolen - first.stolen) / all : 0,
      stoodStillMs: this.#loop.max / 1e6,
    }
  }
}

interface Spin {
  readonly wallMs: number
  readonly cpuMs: number
}

function spin(): Spin {
  let best: Spin | undefined
  for (let at = 0; at < SPINS; at++) {
    const one = spinOnce()
    if (best === undefined || one.wallMs < best.wallMs) best = one
  }
  leastCpuMs = Math.min(leastCpuMs, best!.cpuMs)
  return best!
}

function spinOnce(): Spin {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  let value = 1
  for (let round = 0; round < ROUNDS; round++) value = (value * 16_807) % 2_147_483_647
  const wallMs = performance.now() - begun
  const { user, system } = process.cpuUsage(cpu)
  // Something must come of it, or the compiler leaves it out.
  return { wallMs, cpuMs: Math.max((user + system) / 1000, value === 0 ? 1 : 0.001) }
}

/** Of all processors since the machine began; nothing where the system does not tell. */
function ticks(): { readonly all: number; readonly stolen: number } {
  try {
    const [, ...numbers] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/)
    // user nice system idle iowait irq softirq steal; guests are part of user and nice
    const values = numbers.slice(0, 8).map(Number)
    return { all: values.reduce((sum, one) => sum + one, 0), stolen: values[7] ?? 0 }
  } catch {
    return { all: 0, stolen: 0 }
  }
}
