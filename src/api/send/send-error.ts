/** Why a node could not be had, in the words of who sends. */
import { type ErrorCode, MessagingError } from '../../model/errors.ts'
import type { NodePlan } from '../address/node-plan.ts'

const SAID_BY_SENDS: Partial<Record<ErrorCode, ErrorCode>> = {
  ADDRESS_NOT_FOUND: 'SEND_UNROUTABLE',
  // The node should have been made for the message.
  STORE_FAILED: 'SEND_REJECTED',
}

/** `ADDRESS_NOT_FOUND` becomes `SEND_UNROUTABLE`, `STORE_FAILED` becomes `SEND_REJECTED`; any other error stays as it is. */
export function sendError(plan: NodePlan, error: unknown): unknown {
  const code = error instanceof MessagingError && SAID_BY_SENDS[error.code]
  if (!code) return error
  const context = { address: plan.label, operation: 'send' }
  if (error.code !== 'STORE_FAILED') return new MessagingError(code, error.message, { cause: error, context })
  const { hint, retryable } = error
  const { reason } = error.context
  return new MessagingError(code, error.message, {
    cause: error,
    hint,
    retryable,
    context: { ...context, ...(reason !== undefined && { reason }) },
  })
}
