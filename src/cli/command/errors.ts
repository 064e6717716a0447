/** What ends a command besides a MessagingError. `CommandError`: exit code 1. */
export { CommandError } from '../../tools/errors.ts'

/** The command line was wrong: shown with the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
