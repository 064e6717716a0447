/** What a round does to a store: lives of processes, one after the other or at once, as the seed says. */
import { Dice } from '../random/dice.ts'

/** One process that opens the store. */
export interface Life {
  readonly seed: number
  /** Part of the ids that it sends. */
  readonly name: string
  readonly senders: number
  readonly receivers: number
  /** Deletes, purges and makes the queue `scrap` again, with what is in it. */
  readonly churn: boolean
  /** It closes the store in order after so long, unless it is killed. Unit: ms. */
  readonly workMs: number
  /** Its clock is wrong by so much. Unit: ms. */
  readonly clockMs: number
  /** Its clock jumps while it works. */
  readonly clockJumps: boolean
  /** Largest body. Unit: bytes. */
  readonly mostBytes: number
  /** How it ends: by its own hand at so many notes, or by another's after so long (ms). Neither: in order. */
  readonly killAtNote?: number
  readonly killAfterMs?: number
}

export interface Step {
  /** More than one: they are at the store at the same time. */
  readonly lives: readonly Life[]
  /** What the disk has left when they begin, and after a while. Unit: bytes; `undefined`: all. */
  readonly roomBytes?: number
  readonly laterRoomBytes?: number
  /** The disk takes no writes. */
  readonly readOnly: boolean
}

export interface Plan {
  /** Size of a disk of its own; `undefined`: the one of the machine. Unit: bytes. */
  readonly diskBytes: number | undefined
  readonly steps: readonly Step[]
}

const MIB = 1024 * 1024
const DAY_MS = 86_400_000

export function drawPlan(seed: number, mostSteps: number): Plan {
  const dice = new Dice(seed, 'plan')
  const small = seed % 2 === 0
  const diskBytes = small ? dice.between(24, 96) * MIB : undefined
  const steps = Array.from({ length: dice.between(4, 9) }, (_, at) =>
    drawStep(new Dice(seed, `step ${at}`), at, small),
  )
  return { diskBytes, steps: steps.slice(0, mostSteps) }
}

function drawStep(dice: Dice, at: number, small: boolean): Step {
  const rivals = dice.chance(0.25) ? dice.between(2, 3) : 1
  const lives = Array.from({ length: rivals }, (_, rival) => drawLife(dice, `${at}.${rival}`, small))
  return {
    lives,
    ...(small && dice.chance(0.5) ? { roomBytes: dice.below(dice.of([64 * 1024, 2 * MIB, 8 * MIB])) } : {}),
    ...(small && dice.chance(0.3) ? { laterRoomBytes: dice.below(4 * MIB) } : {}),
    readOnly: small && dice.chance(0.1),
  }
}

function drawLife(dice: Dice, name: string, small: boolean): Life {
  const end = dice.number()
  return {
    seed: dice.below(2 ** 31),
    name,
    senders: dice.of([0, 1, 2, 4]),
    receivers: dice.of([0, 0, 1, 2]),
    churn: dice.chance(0.3),
    workMs: dice.between(50, 1_200),
    clockMs: dice.chance(0.3) ? dice.between(-DAY_MS, DAY_MS) : 0,
    clockJumps: dice.chance(0.2),
    mostBytes: small ? 4 * MIB : dice.chance(0.2) ? 65 * MIB : 2 * MIB,
    // A third in the midst of its own calls, a third at any instruction of any thread, also while it opens and closes.
    ...(end < 0.33 ? { killAtNote: dice.between(1, dice.of([10, 300, 3_000])) } : {}),
    ...(end >= 0.33 && end < 0.75 ? { killAfterMs: dice.below(1_800) } : {}),
  }
}
