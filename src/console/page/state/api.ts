/** Calls of the server: JSON there and back, our header on each, a refusal as {@link Refusal}. */
import type { ApiError } from '../../protocol.ts'

/** The server's answer to a call it refused, or what stands for it when there was no answer. */
export class Refusal extends Error implements ApiError {
  readonly code: string
  readonly hint?: string
  readonly login?: 'link' | 'password'
  readonly confirm?: string
  readonly status: number

  constructor({ code, message, hint, login, confirm }: ApiError, status: number) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.status = status
    if (hint !== undefined) this.hint = hint
    if (login !== undefined) this.login = login
    if (confirm !== undefined) this.confirm = confirm
  }
}

export interface CallOptions {
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export const HEADERS = { 'sluice-console': '1' }

export async function get<T>(path: string, { signal }: CallOptions = {}): Promise<T> {
  return (await answer(path, { method: 'GET', signal })).json() as Promise<T>
}

export async function post<T>(path: string, options: CallOptions = {}): Promise<T> {
  const text = await (await answer(path, posting(options))).text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** The answer's bytes, for a download. */
export async function postForBytes(path: string, options: CallOptions = {}): Promise<Blob> {
  return (await answer(path, posting(options))).blob()
}

/** The answer itself, for a stream. @throws Refusal */
export async function answer(path: string, init: RequestInit): Promise<Response> {
  const request = { ...init, headers: { ...HEADERS, ...init.headers }, credentials: 'same-origin' as const }
  const response = await fetch(path, request).catch((error: unknown) => {
    if (init.signal?.aborted) throw error
    throw new Refusal(
      {
        code: 'CONSOLE_UNREACHABLE',
        message: 'The console did not answer.',
        hint: 'Is sluice console still running? The page tries again by itself.',
      },
      0,
    )
  })
  if (!response.ok) throw await refusalOf(response)
  return response
}

/** What went wrong, in the words of the protocol. */
export function problemOf(error: unknown): ApiError {
  if (error instanceof Refusal) return error
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

/** A path below `/api/brokers/`. */
export function brokerPath(broker: string, ...rest: readonly string[]): string {
  return ['/api/brokers', ...[broker, ...rest].map(encodeURIComponent)].join('/')
}

function posting({ body, signal }: CallOptions): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
    signal,
  }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const told = (await response.json().catch(() => undefined)) as Partial<ApiError> | undefined
  return new Refusal(
    {
      code: told?.code ?? `HTTP_${response.status}`,
      message: told?.message ?? `The console answered ${response.status} ${response.statusText}`,
      hint: told?.hint,
      login: told?.login,
      confirm: told?.confirm,
    },
    response.status,
  )
}
