/** `sluice doctor file:DIR --rescue NEWDIR`: what can be read of a damaged store, into a new one. */

import { jsonable } from '../../../tools/message/jsonable.ts'
import { brokerOf } from '../../broker/session.ts'
import type { Context } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { pairLines } from '../../print/table.ts'
import { jsonText, visible } from '../../print/terminal-text.ts'

/** Ends with 1 when something could not be read. */
export async function rescue(context: Context, broker: string | undefined): Promise<number> {
  const { args, out } = context
  const target = args.text('rescue')
  if (!target) throw new UsageError('--rescue needs the name of a new directory')
  const library = await import('../../../index.ts')
  const { url: urls } = await library.resolveConfiguration(await brokerOf(context, library, broker))
  const url = Array.isArray(urls) ? urls[0] : urls
  if (!/^file:/i.test(url)) throw new UsageError('--rescue is for stores: write file:DIRECTORY')
  const [{ rescueStore }, { fileDirectory }] = await Promise.all([
    import('../../../broker/index.ts'),
    import('../../../core/connecting/embedded-url.ts'),
  ])
  const report = await rescueStore(fileDirectory(url), target)
  const { queues, messages, unreadable, damage } = report
  const code = unreadable.length + damage.length > 0 ? 1 : 0
  if (args.flag('json')) {
    await out.line(jsonText(jsonable(report)))
    return code
  }
  await out.line(`${messages} messages written to ${visible(target)}`)
  if (queues.length > 0)
    await out.line(
      pairLines(queues.map(({ name, messages: count }) => [`  ${visible(name)}`, count])).join('\n'),
    )
  if (code === 0) return code
  await out.line('\nCould not be read')
  for (const { queue, position, reason } of unreadable)
    await out.line(`  ${visible(queue)}, position ${position}: ${visible(reason)}`)
  for (const text of damage) await out.line(`  ${visible(text)}`)
  return code
}
