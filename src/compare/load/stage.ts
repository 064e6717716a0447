/** What a run stands on: the arm’s links, set up and ready. */
import type { Tier } from '../../index.ts'
import type { Arm, ArmEvents, Plan, Settings } from '../arm.ts'
import { Generator, type Sending } from './generator.ts'

/** What a run needs of its arm once that is set up, in one process or in two. */
export interface Stage {
  readonly settings: Settings
  readonly tier: Tier
  readonly sending: Sending
  attachReceivers(): Promise<void>
  browse(): Promise<void>
  close(): Promise<void>
}

/** A run in this process alone. */
export async function localStage(arm: Arm, plan: Plan, events: ArmEvents): Promise<Stage> {
  const run = await arm.open(plan, events)
  return {
    settings: run.settings,
    tier: run.tier,
    sending: await Generator.create(plan.workload, run),
    attachReceivers: () => run.attachReceivers(),
    browse: async () => run.browse?.(),
    close: () => run.close(),
  }
}
