/** What the measuring process and the sending process say to each other. */
import type { Plan, Settings } from '../arm.ts'
import type { SendReport } from '../load/generator.ts'

export type ToSender =
  | { readonly kind: 'open'; readonly url: string; readonly library: string; readonly plan: Plan }
  | { readonly kind: 'warm-up' }
  | { readonly kind: 'run' }
  /** Ends a warm-up or a run early; its answer comes all the same. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' }

export type FromSender =
  | { readonly kind: 'opened'; readonly settings: Settings }
  | { readonly kind: 'warmed-up' }
  | { readonly kind: 'report'; readonly report: SendReport }
  | { readonly kind: 'closed' }
  /** The step asked for failed. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Told by the arm at any time. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'noted'; readonly what: string }
