/** Short news about what was done or went wrong. */
import { signal } from '@preact/signals'
import type { ApiError } from '../../protocol.ts'
import { problemOf } from './api.ts'

interface Toast {
  readonly id: number
  readonly kind: 'done' | 'problem' | 'note'
  readonly text: string
  readonly code?: string
  readonly hint?: string
  /** The command line that does the same. */
  readonly command?: string
  readonly undo?: Undo
}

/** Takes back what was done. */
export interface Undo {
  readonly label: string
  run(): void
}

const STAY_MS = 6000
const MOST = 4

export const toasts = signal<readonly Toast[]>([])
let last = 0

export function toast(news: Omit<Toast, 'id'>): void {
  const id = ++last
  const others = toasts.peek().filter(({ text, kind }) => text !== news.text || kind !== news.kind)
  toasts.value = [...others, { ...news, id }].slice(-MOST)
  // A problem, a command somebody may want to copy, and what can be taken back stay until they are closed.
  if (news.kind !== 'problem' && news.command === undefined && news.undo === undefined)
    setTimeout(() => dismiss(id), STAY_MS)
}

export function tellProblem(error: unknown): ApiError {
  const problem = problemOf(error)
  toast({ kind: 'problem', text: problem.message, code: problem.code, hint: problem.hint })
  return problem
}

export function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((one) => one.id !== id)
}
