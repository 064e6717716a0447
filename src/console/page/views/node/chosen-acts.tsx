/** What can be done with the messages that were chosen. */
import { useState } from 'preact/hooks'
import type { NodeDetail } from '../../../protocol.ts'
import { ask } from '../../parts/ask.tsx'
import { Button } from '../../parts/controls/button.tsx'
import { perform } from '../../state/acts.ts'
import { counted } from '../../text/figures.ts'
import { TransferDialog } from './transfer.tsx'

interface ChosenActsProps {
  readonly node: NodeDetail
  readonly chosen: readonly string[]
  readonly onDone: () => void
}

export function ChosenActs({ node, chosen, onDone }: ChosenActsProps) {
  const [transferring, setTransferring] = useState(false)
  const remove = async () => {
    const sure = await ask({
      title: `Delete ${counted(chosen.length, 'message')}?`,
      text: `They are taken from ${node.name} on ${node.broker} and are gone for good.`,
      action: 'Delete',
      danger: true,
    })
    if (!sure) return
    const result = await perform({
      act: 'delete-messages',
      broker: node.broker,
      address: node.address,
      ids: chosen,
    })
    if (result !== undefined) onDone()
  }
  return (
    <div class="chosen" role="group" aria-label="Chosen messages">
      <strong>{counted(chosen.length, 'message')} chosen</strong>
      <Button icon="move" onPress={() => setTransferring(true)}>
        Copy or move
      </Button>
      <Button kind="danger" icon="trash" onPress={() => void remove()}>
        Delete
      </Button>
      <Button kind="quiet" onPress={onDone}>
        None
      </Button>
      {transferring && <TransferDialog node={node} chosen={chosen} onClose={() => setTransferring(false)} />}
    </div>
  )
}
