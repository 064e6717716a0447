/** What can be done with a node as a whole. */
import { useState } from 'preact/hooks'
import type { NodeDetail } from '../../../protocol.ts'
import { askForName } from '../../parts/ask.tsx'
import { Button } from '../../parts/controls/button.tsx'
import { perform } from '../../state/acts.ts'
import { reasonAgainst } from '../../state/brokers.ts'
import { go, link } from '../../state/route.ts'
import { mayWrite } from '../../state/session.ts'
import { counted } from '../../text/figures.ts'
import { TransferDialog } from './transfer.tsx'

export function NodeActs({ node }: { readonly node: NodeDetail }) {
  const { broker, address, name, depth } = node
  const [transferring, setTransferring] = useState(false)
  const queue = node.type === 'queue'
  const losing = depth === undefined ? 'its messages' : counted(depth, 'message')
  const purge = async () => {
    const sure = await askForName(
      name,
      `Purging loses ${losing} of ${name} on ${broker} for good. To keep a copy, copy them to another node first.`,
    )
    if (sure) await perform({ act: 'purge', broker, address, confirm: name })
  }
  const remove = async () => {
    const sure = await askForName(
      name,
      `Deleting removes ${name} from ${broker}${queue ? `, with ${losing}` : ', with its subscriptions'}.`,
    )
    if (sure && (await perform({ act: 'delete', broker, address, confirm: name })) !== undefined)
      go(link(['nodes', broker]))
  }
  return (
    <>
      {queue && (
        <Button
          kind="quiet"
          icon="compare"
          onPress={() => go(link(['compare'], { lb: broker, la: address }))}
        >
          Compare
        </Button>
      )}
      {mayWrite.value && (
        <>
          <Button
            icon="send"
            reason={reasonAgainst(broker)}
            onPress={() => go(link(['send'], { broker, address }))}
          >
            Send
          </Button>
          {queue && (
            <>
              <Button icon="move" reason={reasonAgainst(broker)} onPress={() => setTransferring(true)}>
                Copy or move
              </Button>
              <Button
                kind="danger"
                icon="trash"
                reason={reasonAgainst(broker, 'purge')}
                onPress={() => void purge()}
              >
                Purge
              </Button>
            </>
          )}
          <Button
            kind="danger"
            icon="close"
            reason={reasonAgainst(broker, 'delete')}
            onPress={() => void remove()}
          >
            Delete
          </Button>
        </>
      )}
      {transferring && <TransferDialog node={node} onClose={() => setTransferring(false)} />}
    </>
  )
}
