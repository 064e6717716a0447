/** An arm with faults of its own, for proving that the books see them: the broker is real, the messages are tampered with. */
import type { Arm, ArmRun } from '../../src/compare/arm.ts'
import type { Account } from '../../src/compare/figures/ledger.ts'

export type Planted = 'loss' | 'duplicate' | 'swap' | 'flipped bit'

/** What the books must show for one of each, and nothing besides: a damaged message is also one that never came. */
export const PLANTED_ACCOUNT = {
  lost: 2,
  unexpected: 0,
  duplicatesMarked: 0,
  duplicatesUnmarked: 1,
  reordered: 1,
  corrupt: 1,
  failed: 0,
  inDoubt: 0,
} as const satisfies Partial<Account>

/** One of each, far from each other and from both ends. */
export function oneOfEach(count: number): ReadonlyMap<number, Planted> {
  const at = (fifths: number): number => Math.floor((count * fifths) / 5)
  return new Map<number, Planted>([
    [at(1), 'loss'],
    [at(2), 'duplicate'],
    [at(3), 'swap'],
    [at(4), 'flipped bit'],
  ])
}

/** `arm`, with these faults at the messages of these numbers. */
export function plantedArm(arm: Arm, faults: ReadonlyMap<number, Planted>): Arm {
  return {
    ...arm,
    async open(plan, events) {
      const run = await arm.open(plan, events)
      const send = tampered(run, faults)
      // Warm-up messages have numbers of their own: they are left alone.
      let warmUps = plan.workload.warmUp
      return {
        settings: run.settings,
        tier: run.tier,
        send: (sequence, body, sender) =>
          warmUps-- > 0 ? run.send(sequence, body, sender) : send(sequence, body, sender),
        attachReceivers: () => run.attachReceivers(),
        close: () => run.close(),
      }
    },
  }
}

function tampered(run: ArmRun, faults: ReadonlyMap<number, Planted>): ArmRun['send'] {
  /** Swap: sends the message that was held back. */
  let late: (() => void) | undefined
  return async (sequence, body, sender) => {
    const fault = faults.get(sequence)
    if (fault === undefined) {
      const sent = run.send(sequence, body, sender)
      late?.()
      late = undefined
      return sent
    }
    switch (fault) {
      case 'loss':
        return undefined
      case 'duplicate':
        await run.send(sequence, Buffer.from(body), sender)
        return run.send(sequence, body, sender)
      case 'swap':
        return new Promise((resolve, reject) => {
          late = () => run.send(sequence, body, sender).then(resolve, reject)
        })
      case 'flipped bit': {
        const damaged = Buffer.from(body)
        damaged[damaged.length - 1]! ^= 1
        return run.send(sequence, damaged, sender)
      }
    }
  }
}
