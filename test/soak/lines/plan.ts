/** What a round does to its lines, as the seed says. */
import type { Direction, FaultProxy } from '../../support/fault-proxy.ts'
import { Dice } from '../random/dice.ts'

export interface Fault {
  readonly name: string
  /** Which of the lines. */
  readonly line: number
  /** Pause before it, and how long it lasts. Unit: ms. */
  readonly afterMs: number
  readonly lastsMs: number
  begin(proxy: FaultProxy): unknown
}

const DIRECTIONS: readonly (Direction | undefined)[] = ['toBroker', 'toClient', undefined]

/** `corrupting`: bits are changed too; no promise holds for a message whose bits were. */
export function drawFaults(seed: number, lines: number, corrupting: boolean): Fault[] {
  return Array.from({ length: 24 }, (_, at) => drawFault(new Dice(seed, `fault ${at}`), lines, corrupting))
}

function drawFault(dice: Dice, lines: number, corrupting: boolean): Fault {
  const place = { line: dice.below(lines), afterMs: dice.below(700) }
  const direction = dice.of(DIRECTIONS)
  const way = direction ?? 'both ways'
  const kind =
    corrupting && dice.chance(0.5)
      ? 'corrupt'
      : dice.of(['slow', 'split', 'hold', 'silence', 'half', 'cut', 'cut after', 'refuse'] as const)
  if (kind === 'slow') {
    const bytesPerSecond = dice.of([5_000, 50_000, 500_000])
    return {
      ...place,
      name: `slow ${bytesPerSecond} ${way}`,
      lastsMs: dice.below(4_000),
      begin: (proxy) => proxy.degrade({ bytesPerSecond }, direction),
    }
  }
  if (kind === 'split') {
    const sliceBytes = dice.of([1, 2, 3, 7, 64, 1_000])
    return {
      ...place,
      name: `split ${sliceBytes} ${way}`,
      lastsMs: dice.below(2_000),
      begin: (proxy) => proxy.degrade({ sliceBytes, sliceGapMs: dice.below(2) }, direction),
    }
  }
  if (kind === 'hold') {
    const latencyMs = dice.of([50, 300, 900])
    return {
      ...place,
      name: `hold ${latencyMs} ${way}`,
      lastsMs: dice.below(3_000),
      begin: (proxy) => proxy.degrade({ latencyMs }, direction),
    }
  }
  if (kind === 'silence' || kind === 'half') {
    const one = kind === 'half' ? dice.of(['toBroker', 'toClient'] as const) : undefined
    return {
      ...place,
      name: `silent ${one ?? 'both ways'}`,
      lastsMs: dice.of([100, 1_000, 5_000]),
      begin: (proxy) => proxy.silence(one),
    }
  }
  if (kind === 'corrupt') {
    const one = dice.of(['toBroker', 'toClient'] as const)
    const bytes = dice.below(dice.of([10, 500, 20_000]))
    return {
      ...place,
      name: `corrupt ${bytes} ${one}`,
      lastsMs: 500,
      begin: (proxy) => void proxy.corruptAfter(one, bytes),
    }
  }
  if (kind === 'cut after') {
    const one = dice.of(['toBroker', 'toClient'] as const)
    const bytes = dice.below(dice.of([10, 500, 20_000]))
    return {
      ...place,
      name: `cut after ${bytes} ${one}`,
      lastsMs: 500,
      begin: (proxy) => void proxy.cutAfter(one, bytes),
    }
  }
  if (kind === 'refuse') {
    return {
      ...place,
      name: 'refuse',
      lastsMs: dice.of([50, 1_500]),
      begin: async (proxy) => {
        await proxy.refuse()
        proxy.cut()
      },
    }
  }
  return { ...place, name: 'cut', lastsMs: 0, begin: (proxy) => proxy.cut() }
}
