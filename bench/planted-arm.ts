/** An arm with faults of its own, for proving that the books see them: the broker is real, the messages are tampered with. */
import type { Arm, ArmRun } from '../src/compare/arm.ts'

export type Planted = 'loss' | 'duplicate' | 'swap' | 'flipped bit'

export const PLANTED: readonly Planted[] = ['loss', 'duplicate', 'swap', 'flipped bit']

/** `arm`, with one fault at the message of this number. */
export function plantedArm(arm: Arm, planted: Planted, at: number): Arm {
  return {
    ...arm,
    async open(plan, events) {
      const run = await arm.open(plan, events)
      const send = tampered(run, planted, at)
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

function tampered(run: ArmRun, planted: Planted, at: number): ArmRun['send'] {
  /** Swap: sends the message that was held back. */
  let late: (() => void) | undefined
  return async (sequence, body, sender) => {
    if (sequence === at + 1 && late) {
      const sent = run.send(sequence, body, sender)
      late()
      return sent
    }
    if (sequence !== at) return run.send(sequence, body, sender)
    switch (planted) {
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
