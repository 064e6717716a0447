/** A node that is missing, in the words of who sends. */
import { MessagingError } from '../../model/errors.ts'
import type { NodePlan } from '../address/node-plan.ts'

/** `ADDRESS_NOT_FOUND` becomes `SEND_UNROUTABLE`; any other error stays as it is. */
export function unroutable(plan: NodePlan, error: unknown): unknown {
  if (!(error instanceof MessagingError) || error.code !== 'ADDRESS_NOT_FOUND') return error
  return new MessagingError('SEND_UNROUTABLE', error.message, {
    cause: error,
    context: { address: plan.label, operation: 'send' },
  })
}
