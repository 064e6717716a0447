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

/** What a purge or a deletion loses, in words. */
function losing({ depth }: NodeDetail): string {
  return depth === undefined ? 'its messages' : counted(depth, 'message')
}

async function purge(node: NodeDetail): Promise<void> {
  const { broker, address, name } = node
  const sure = await askForName(
    name,
    `Purging loses ${losing(node)} of ${name} on ${broker} for good. To keep a copy, copy them to another node first.`,
  )
  if (sure) await perform({ act: 'purge', broker, address, confirm: name })
}

async function remove(node: NodeDetail): Promise<void> {
  const { broker, address, name, type } = node
  const lost = type === 'queue' ? losing(node) : 'its subscriptions'
  const sure = await askForName(name, `Deleting removes ${name} from ${broker}, with ${lost}.`)
  if (sure && (await perform({ act: 'delete', broker, address, confirm: name })) !== undefined)
    go(link(['nodes', broker]))
}

export function NodeActs({ node }: { readonly node: NodeDetail }) {
  const { broker, address } = node
  const [transferring, setTransferring] = useState(false)
  const queue = node.type === 'queue'
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
                onPress={() => void purge(node)}
              >
                Purge
              </Button>
            </>
          )}
          <Button
            kind="danger"
            icon="close"
            reason={reasonAgainst(broker, 'delete')}
            onPress={() => void remove(node)}
          >
            Delete
          </Button>
        </>
      )}
      {transferring && <TransferDialog node={node} onClose={() => setTransferring(false)} />}
    </>
  )
}
