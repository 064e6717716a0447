/** What the broker tells about a node, its bindings, and making a further one. */
import { useState } from 'preact/hooks'
import type { NodeDetail } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { Field } from '../../parts/controls/field.tsx'
import { Form } from '../../parts/controls/form.tsx'
import { Facts, factsOf } from '../../parts/message/facts.tsx'
import { Empty } from '../../parts/problem.tsx'
import { useAct } from '../../state/acts.ts'
import { reasonAgainst } from '../../state/brokers.ts'
import { mayWrite } from '../../state/session.ts'

export function NodeSettings({ node }: { readonly node: NodeDetail }) {
  const facts = factsOf(node.native)
  return (
    <div class="scroll settings" tabIndex={0} role="region" aria-label="Settings">
      {facts.length === 0 ? (
        <Empty icon="info" title="The broker tells nothing more about this node" />
      ) : (
        <Facts title="As the broker tells" facts={facts} />
      )}
      {mayWrite.value && <Bind node={node} />}
    </div>
  )
}

/** A topic to a queue; asked from either end. */
function Bind({ node }: { readonly node: NodeDetail }) {
  const [other, setOther] = useState('')
  const [pattern, setPattern] = useState('')
  const { busy, act } = useAct()
  const topic = node.type !== 'queue'
  const against = reasonAgainst(node.broker, 'bindings')
  const bind = async () => {
    if (against !== undefined || other.trim() === '') return
    const [address, to] = topic ? [node.address, other.trim()] : [other.trim(), node.address]
    const done = await act({
      act: 'bind',
      broker: node.broker,
      address,
      to,
      ...(pattern !== '' && { pattern }),
    })
    if (done !== undefined) setOther('')
  }
  return (
    <Form class="card form" onSubmit={bind}>
      <h2 class="part">Bind {topic ? 'a queue to this topic' : 'this queue to a topic'}</h2>
      <div class="picker">
        <Field
          mono
          label={topic ? 'Queue' : 'Topic'}
          value={other}
          onValue={setOther}
          placeholder={topic ? 'archive' : 'news'}
        />
        <Field
          mono
          label="Pattern"
          value={pattern}
          onValue={setPattern}
          placeholder="# (all)"
          help="Words by “.”; * is one word, # any number."
        />
      </div>
      <div class="bar">
        <Button
          kind="primary"
          icon="link"
          submit
          busy={busy}
          reason={against ?? (other.trim() === '' ? 'Give a name first.' : undefined)}
        >
          Bind
        </Button>
      </div>
    </Form>
  )
}
