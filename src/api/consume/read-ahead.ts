/** How far a consumer reads ahead of its handlers. */
import type { Rate } from '../../core/time/rate-limit.ts'
import type { NodePlan } from '../address/node-plan.ts'

/** With a rate: what it takes in this time is fetched, all else stays with the broker for others. Unit: ms. */
const HORIZON_MS = 250
const LEAST = 10

/** @param atOnce messages in the hands of handlers at once */
export function readAhead(plan: NodePlan, atOnce: number, rate: Rate | undefined): number {
  // Where deliveries are counted: what a program that dies never looked at must not use up its tries.
  if (plan.spec.maxDeliveries !== undefined) return atOnce
  if (!rate) return Math.max(LEAST, atOnce * 2)
  return Math.max(atOnce, Math.ceil((rate.count / rate.perMs) * HORIZON_MS))
}
