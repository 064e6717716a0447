/** What can be done with one message. */
import { useState } from 'preact/hooks'
import type { BodyRequest, MessageView, NodeDetail } from '../../../protocol.ts'
import { disturbs, mayLook } from '../../parts/ask.tsx'
import { Button } from '../../parts/controls/button.tsx'
import { brokerPath, postForBytes } from '../../state/api.ts'
import { go, link } from '../../state/route.ts'
import { mayWrite, session } from '../../state/session.ts'
import { openedAsTemplate, templateOf } from '../../state/templates.ts'
import { tellProblem } from '../../state/toasts.ts'
import { TransferDialog } from './transfer.tsx'

export function MessageActs({ node, message }: { readonly node: NodeDetail; readonly message: MessageView }) {
  const [transferring, setTransferring] = useState(false)
  const [busy, setBusy] = useState(false)
  const hidden = session.value?.bodies === false ? 'The console was started with --no-bodies.' : undefined
  const cut = message.body.truncated
    ? 'Only the first part of its body is here: move or copy the message itself.'
    : hidden
  const download = async () => {
    if (!(await mayLook(node))) return
    setBusy(true)
    const body: BodyRequest = {
      address: node.address,
      position: message.position,
      id: message.id,
      ...(disturbs(node) && { disturb: true }),
    }
    await postForBytes(brokerPath(node.broker, 'body'), { body }).then(save, tellProblem)
    setBusy(false)
  }
  return (
    <>
      <Button icon="download" reason={hidden} busy={busy} onPress={() => void download()}>
        Download body
      </Button>
      {mayWrite.value && (
        <>
          <Button
            icon="file"
            reason={cut}
            onPress={() => {
              openedAsTemplate.value = templateOf(message)
              go(link(['send'], { broker: node.broker, address: node.address }))
            }}
          >
            Use as template
          </Button>
          <Button
            icon="move"
            reason={message.id === undefined ? 'A message without id cannot be chosen.' : undefined}
            onPress={() => setTransferring(true)}
          >
            Copy or move
          </Button>
        </>
      )}
      {transferring && message.id !== undefined && (
        <TransferDialog node={node} chosen={[message.id]} onClose={() => setTransferring(false)} />
      )}
    </>
  )
}

/** Under a fixed name: no message names a file on the user's disk. */
function save(bytes: Blob): void {
  const url = URL.createObjectURL(bytes)
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = 'body.bin'
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
