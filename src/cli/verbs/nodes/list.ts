/** `sluice list`: the nodes of the broker. */
import type { NodeInfo } from '../../../index.ts'
import { jsonable } from '../../../tools/message/jsonable.ts'
import { nameFilter } from '../../../tools/name-filter.ts'
import { BROKER } from '../../broker/connection-options.ts'
import { TYPE } from '../../broker/node-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { CommandError } from '../../command/errors.ts'
import { flag } from '../../command/option.ts'
import { addressArgument } from '../../command/positionals.ts'
import { tableLines } from '../../print/table.ts'
import { jsonText, visible } from '../../print/terminal-text.ts'

const COLUMNS = [
  { title: 'NAME' },
  { title: 'TYPE' },
  { title: 'DEPTH', align: 'right' },
  { title: 'RECEIVERS', align: 'right' },
  { title: 'DURABLE' },
] as const

export const list: Command = {
  usage: '[options] [ FILTER ... ]',
  description:
    'List the nodes with what waits in them and who receives. A filter is a part of a name, or a name with * for anything; filters without a hit end with 1.',
  options: [
    BROKER,
    { ...TYPE, help: 'only this kind' },
    flag('--json', 'print as JSON, a line each'),
    flag('--names', 'print the names only'),
  ],
  examples: [
    ['sluice list -b rabbitmq://localhost', 'everything'],
    ["sluice list 'orders*' --json", 'what begins with orders, for programs'],
  ],
  async run(context) {
    const { args, out } = context
    for (const filter of args.positionals) addressArgument(filter, 'a filter')
    const nodes = await withSession(context, { closeOnAbort: true }, ({ connection }) =>
      connection.admin.list(),
    )
    const type = args.text('type')
    const filters = args.positionals.map(nameFilter)
    const fits = (name: string): boolean => filters.length === 0 || filters.some((filter) => filter(name))
    const found = nodes
      .filter((node) => (type === undefined || node.type === type) && fits(node.name))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    if (found.length === 0 && args.positionals.length > 0) {
      throw new CommandError(`no node fits ${args.positionals.join(', ')}`)
    }
    for (const line of lines(found, args.flag('json'), args.flag('names'))) out.push(`${line}\n`)
    await out.flush()
    return 0
  },
}

function lines(nodes: readonly NodeInfo[], json: boolean, names: boolean): string[] {
  if (json) return nodes.map((node) => jsonText(jsonable(node)))
  if (names) return nodes.map(({ name }) => visible(name))
  return tableLines(
    COLUMNS,
    nodes.map(({ name, type, depth, receivers, durable }) => [name, type, depth, receivers, durable]),
  )
}
