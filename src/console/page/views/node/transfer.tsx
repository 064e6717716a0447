/** Copy or move: chosen messages, those that match, or all; to any node of any broker. */
import { useState } from 'preact/hooks'
import type { NodeView } from '../../../protocol.ts'
import { Check, Field, Radios } from '../../parts/controls/field.tsx'
import { NodePicker, type Picked } from '../../parts/controls/node-picker.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { useAct } from '../../state/acts.ts'
import { levelOf, reasonAgainst } from '../../state/brokers.ts'
import { madeWhenMissing } from '../../text/address.ts'
import { conditionOf, PLACEHOLDER } from '../../text/condition.ts'
import { counted } from '../../text/figures.ts'

interface TransferProps {
  readonly node: NodeView
  /** Ids of chosen messages. */
  readonly chosen?: readonly string[]
  readonly onClose: () => void
}

export function TransferDialog({ node, chosen = [], onClose }: TransferProps) {
  const [kind, setKind] = useState<'copy' | 'move'>(chosen.length > 0 ? 'copy' : 'move')
  const [what, setWhat] = useState(chosen.length > 0 ? 'chosen' : 'all')
  const [where, setWhere] = useState('')
  const [limit, setLimit] = useState('')
  const [to, setTo] = useState({ broker: node.broker, address: '' })
  const [make, setMake] = useState(false)
  const { busy, act } = useAct()
  const missing =
    missingIn(node, to) ?? (what === 'where' && where.trim() === '' ? 'Give a condition first.' : undefined)
  const disturbs = kind === 'copy' && levelOf(node.broker, 'browse') === 'emulated'

  const run = async () => {
    if (missing !== undefined) return
    const result = await act({
      act: kind,
      from: { broker: node.broker, address: node.address },
      to: { broker: to.broker, address: make ? madeWhenMissing(to.address) : to.address.trim() },
      ...(what === 'chosen' && { ids: chosen }),
      ...(what === 'where' && { where: conditionOf(where) }),
      ...(what !== 'chosen' && limit !== '' && { limit: Number(limit) }),
      ...(disturbs && { disturb: true }),
    })
    if (result !== undefined) onClose()
  }
  return (
    <Dialog
      title={`Copy or move from ${node.name}`}
      onClose={onClose}
      onSubmit={() => void run()}
      action={{ children: kind === 'copy' ? 'Copy' : 'Move', busy, reason: missing }}
    >
      <Radios
        label="What to do"
        value={kind}
        onValue={(value) => setKind(value as 'copy' | 'move')}
        choices={[
          ['move', 'Move: each is taken from here after the target has it'],
          ['copy', 'Copy: they stay here as well'],
        ]}
        reasons={{ copy: reasonAgainst(node.broker, 'browse') }}
      />
      <Radios label="Which messages" value={what} onValue={setWhat} choices={choicesOf(node, chosen)} />
      {what === 'where' && (
        <Field mono label="Condition" value={where} onValue={setWhere} placeholder={PLACEHOLDER} />
      )}
      {what !== 'chosen' && (
        <Field type="number" label="At most" value={limit} onValue={setLimit} placeholder="no limit" />
      )}
      <NodePicker label="To" value={to} onValue={setTo} first />
      <Check label="Make the queue when it is missing" checked={make} onChecked={setMake} />
      {disturbs && <p class="note">Copying looks at the messages, and looking disturbs this queue.</p>}
    </Dialog>
  )
}

function choicesOf({ depth }: NodeView, chosen: readonly string[]): readonly (readonly [string, string])[] {
  return [
    ...(chosen.length > 0 ? [['chosen', `The ${counted(chosen.length, 'chosen message')}`] as const] : []),
    ['where', 'Those that match'],
    ['all', depth === undefined ? 'All' : `All ${counted(depth, 'message')}`],
  ]
}

/** Why this target is none. */
function missingIn(node: NodeView, to: Picked): string | undefined {
  if (to.address.trim() === '') return 'Say where to first.'
  const self = to.broker === node.broker && to.address === node.address
  return self ? 'That is the same node.' : undefined
}
