export const THINGS = ['connection', 'sender', 'receiver', 'subscription', 'address'] as const

export type Thing = (typeof THINGS)[number]

export interface Order {
  readonly url: string
  readonly thing: Thing
  readonly count: number
  /** Processes of the broker. */
  readonly pids: readonly number[]
  /** None is begun after that. Unit: ms. */
  readonly limitMs: number
}

export interface Cost {
  readonly made: number
  /** For all of them. */
  readonly ms: number
  /** Of one. */
  readonly clientBytes: number
  /** Of one, by the memory of the broker's processes. */
  readonly brokerBytes: number
  /** Why there are fewer than were ordered. */
  readonly problem?: string | undefined
}
