/** Why a socket failed, in the same words for every broker. */

export const HUNG_UP = 'the other end hung up'

/** What `cause` says of the network; `undefined`: it is no error of a socket. */
export function socketReason(cause: unknown): string | undefined {
  switch ((cause as { readonly code?: unknown } | undefined)?.code) {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is unknown'
    case 'ECONNRESET':
    case 'EPIPE':
      return HUNG_UP
    case 'ETIMEDOUT':
      return 'no answer'
  }
  return undefined
}
