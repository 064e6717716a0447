/**
 * Arguments of scripts hold bodies, properties and reasons of messages. ioredis shows the arguments of `EVALSHA` to everybody who listens on
 * its tracing channel, and instrumentations that wrap its commands do the same: both take an argument's text. So these arguments are
 * bytes whose text says nothing. What is written to the server are the bytes.
 */

const hidden = (): string => '?'

/** The same arguments for the server; nobody else can read them. Numbers (counts, times) stay as they are. */
export function shielded(args: readonly (string | number | Buffer)[]): (number | Buffer)[] {
  return args.map((argument) => (typeof argument === 'number' ? argument : shieldedBytes(argument)))
}

function shieldedBytes(argument: string | Buffer): Buffer {
  // A view of its own: the sender's buffer goes on having its text.
  const bytes =
    typeof argument === 'string'
      ? Buffer.from(argument)
      : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
  bytes.toString = hidden
  bytes.toJSON = () => ({ type: 'Buffer', data: [] })
  return bytes
}
