/** Refusals of the console, and any error as the page is told it. */
import { isMessagingError } from '../index.ts'
import { CommandError } from '../tools/errors.ts'
import type { ApiError } from './protocol.ts'

/** What ends a call. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: string
  readonly hint: string | undefined
  readonly login: ApiError['login']
  readonly confirm: ApiError['confirm']

  constructor(
    status: number,
    code: string,
    message: string,
    more: Pick<ApiError, 'hint' | 'login' | 'confirm'> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.hint = more.hint
    this.login = more.login
    this.confirm = more.confirm
  }
}

/** The request does not say what it must. */
export function invalid(message: string): Refused {
  return new Refused(400, 'REQUEST_INVALID', message)
}

const STATUS: Readonly<Record<string, number>> = {
  ADDRESS_MALFORMED: 400,
  ADDRESS_OPTION_INVALID: 400,
  ADDRESS_NOT_FOUND: 404,
  ADDRESS_MISMATCH: 409,
  CONFIG_INVALID: 400,
  ENCODE_FAILED: 400,
  MESSAGE_TOO_LARGE: 413,
  NOT_SUPPORTED: 409,
  CONNECT_FAILED: 503,
  CONNECTION_LOST: 503,
  CLOSED: 503,
  REQUEST_TIMEOUT: 504,
  STORE_FAILED: 507,
  INTERNAL: 500,
}

/** Status and text for whatever was thrown. What is no refusal of ours and no error of the library is a defect: its text stays here. */
export function told(error: unknown): { readonly status: number; readonly body: ApiError } {
  if (error instanceof Refused) {
    const { status, code, message, hint, login, confirm } = error
    return { status, body: { code, message, hint, login, confirm } }
  }
  if (isMessagingError(error)) {
    const { code, message, hint } = error
    // 401 is the console's own.
    return { status: STATUS[code] ?? 502, body: { code, message, hint } }
  }
  // Errors of the tools (a wrong path), and wrong types, speak for themselves.
  if (error instanceof CommandError || error instanceof TypeError) {
    const { message, hint } = error as CommandError
    return { status: 400, body: { code: 'REQUEST_INVALID', message, hint } }
  }
  return {
    status: 500,
    body: { code: 'INTERNAL', message: 'This is a defect in the console; its log has the error.' },
  }
}

export function apiError(error: unknown): ApiError {
  return told(error).body
}
