/** Why something went wrong, in the words of a report. */
import { isMessagingError } from '../index.ts'

/** No secret is in it: our errors have none, those of client libraries are not quoted with their URL. */
export function describe(error: unknown): string {
  if (isMessagingError(error)) return `${error.code}: ${error.message}`
  if (!(error instanceof Error)) return withoutPasswords(String(error))
  // Node joins the failures of several addresses into an error without a message.
  const [first] = error instanceof AggregateError ? error.errors : []
  const text = error.message || (first instanceof Error ? first.message : '') || error.name
  return withoutPasswords(text)
}

function withoutPasswords(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^\s/@]*@/g, '$1')
}

/** How brokers refuse a login, in the words of their bare clients. */
const REFUSED_LOGIN = /\b(WRONGPASS|NOAUTH|ACCESS[-_]REFUSED)\b/
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'EAI_AGAIN'])

/** Nobody is there, or nobody who lets us in: the next workload would meet the same. */
export function isUnreachable(error: unknown): boolean {
  if (isMessagingError(error, 'CONNECT_FAILED') || isMessagingError(error, 'UNAUTHENTICATED')) return true
  if (isMessagingError(error, 'CLIENT_LIBRARY_MISSING')) return true
  const code = (error as { code?: unknown } | undefined)?.code
  if (typeof code === 'string' && UNREACHABLE.has(code)) return true
  return error instanceof Error && REFUSED_LOGIN.test(error.message)
}
