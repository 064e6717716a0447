/** Declares a node: by its name, or by an address string with options. */
import { useState } from 'preact/hooks'
import { Choice, Field } from '../../parts/controls/field.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { useAct } from '../../state/acts.ts'
import { readNodes } from '../../state/nodes.ts'
import { go, nodeLink } from '../../state/route.ts'
import { made } from '../../text/address.ts'

export function DeclareDialog({
  broker,
  onClose,
}: {
  readonly broker: string
  readonly onClose: () => void
}) {
  const [name, setName] = useState('')
  const [type, setType] = useState('queue')
  const { busy, act } = useAct()
  const address = name.includes(';') ? name : made(name, type)
  const declare = async () => {
    if (name.trim() === '') return
    const result = await act({ act: 'declare', broker, address })
    if (result === undefined) return
    await readNodes(broker)
    onClose()
    go(nodeLink(broker, name.split(';')[0]!.trim()))
  }
  return (
    <Dialog
      title={`Declare a node on ${broker}`}
      onClose={onClose}
      onSubmit={() => void declare()}
      action={{
        children: 'Declare',
        busy,
        reason: name.trim() === '' ? 'Give it a name first.' : undefined,
      }}
    >
      <Field
        first
        mono
        label="Address"
        value={name}
        onValue={setName}
        placeholder="orders"
        help={
          <>
            A name, or an address string with options:{' '}
            <code>orders; {'{create: always, node: {durable: true}}'}</code>
          </>
        }
      />
      {!name.includes(';') && (
        <Choice
          label="Type"
          value={type}
          onValue={setType}
          choices={[
            ['queue', 'queue'],
            ['topic', 'topic'],
          ]}
        />
      )}
    </Dialog>
  )
}
