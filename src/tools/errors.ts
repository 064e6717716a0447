/** What ends a tool besides a MessagingError: shown without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
