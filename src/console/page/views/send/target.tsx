/** Where a message goes: kept in the address of the page, so that it can be linked to. */
import { useEffect } from 'preact/hooks'
import { NodePicker, type Picked } from '../../parts/controls/node-picker.tsx'
import { Empty } from '../../parts/problem.tsx'
import { useKeys } from '../../state/keys.ts'
import { showNodes } from '../../state/nodes.ts'
import { go, link, remember, route } from '../../state/route.ts'

/** The target that the address of the page names; Escape leaves the view. */
export function useTarget(): Picked {
  const { query } = route.value
  useEffect(() => showNodes([], {}), [])
  useKeys({ Escape: () => go(link([])) })
  return { broker: query.get('broker') ?? '', address: query.get('address') ?? '' }
}

export function TargetPicker({ target, help }: { readonly target: Picked; readonly help: string }) {
  return (
    <NodePicker
      label="To"
      value={target}
      onValue={({ broker, address }) => remember({ broker, address })}
      help={help}
    />
  )
}

export function ReadOnly({ purpose }: { readonly purpose: string }) {
  return (
    <Empty icon="lock" title="This console is read-only">
      Start it with --write to {purpose}.
    </Empty>
  )
}
