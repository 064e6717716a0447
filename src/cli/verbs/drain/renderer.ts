/** How drain writes a message, by its options. What writes it is loaded when it is needed: help is to come at once. */
import type { Context } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { jsonText, visibleBytes } from '../../print/terminal-text.ts'
import type { Drained } from './feed.ts'

/** `adapter` is the connection's, for `--dump`. */
type Renderer = (message: Drained, adapter: string) => readonly (string | Uint8Array)[]

/** Made before anything is received, so that a wrong format consumes nothing. @throws CommandError, UsageError */
export async function rendererFor({ args, out }: Context, format = '%(M)s'): Promise<Renderer> {
  const modes = ['content-only', 'json', 'dump', 'quiet'].filter((name) => args.flag(name))
  if (args.has('print')) modes.push('print')
  if (modes.length > 1) throw new UsageError(`--${modes.join(' and --')} cannot be given together`)
  const harmless = out.isTerminal
  switch (modes[0]) {
    case 'content-only':
      return (message) => [harmless ? visibleBytes(message.bytes) : message.bytes, '\n']
    case 'json':
      return (message) => [jsonText(message.toJSON()), '\n']
    case 'dump': {
      const [{ messageToLine }, { messageExtras }] = await Promise.all([
        import('../../lines/message-lines.ts'),
        import('../../../index.ts'),
      ])
      return (message, adapter) => [messageToLine(message, messageExtras(message, adapter)), '\n']
    }
    case 'quiet':
      return () => []
    default: {
      const { Template } = await import('../../print/template.ts')
      const template = new Template(args.text('print') ?? format)
      return (message) => [...template.render(message, harmless), '\n']
    }
  }
}
