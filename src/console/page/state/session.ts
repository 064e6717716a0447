/** Who looks, and what they may do. */
import { computed, signal } from '@preact/signals'
import type { ApiError, LinkView, LoginRequest, SessionView } from '../../protocol.ts'
import { get, post, problemOf } from './api.ts'

export const session = signal<SessionView | undefined>(undefined)
export const sessionProblem = signal<ApiError | undefined>(undefined)

/** No act is shown without. */
export const mayWrite = computed(() => session.value?.write === true)

/** Asks who we are. The token of the link was exchanged for a cookie with the page itself. */
export async function enter(): Promise<void> {
  dropToken()
  try {
    session.value = await get<SessionView>('/api/session')
    sessionProblem.value = undefined
  } catch (error) {
    sessionProblem.value = problemOf(error)
  }
}

/** The password of a console that listens to more than this machine. @throws Refusal */
export async function enterWithPassword(password: string): Promise<void> {
  const body: LoginRequest = { password }
  await post('/api/login', { body })
  await enter()
}

/** A link that lets one more browser in. @throws Refusal */
export async function linkForAnother(): Promise<string> {
  return (await post<LinkView>('/api/link')).url
}

/** A token that is still in the address bar leaves it and the history. */
function dropToken(): void {
  const { hash, search, pathname } = location
  if (!/[?&#]token=/.test(search + hash)) return
  history.replaceState(null, '', pathname + (hash.includes('token=') ? '#/' : hash))
}
