/** In place of messages, where the broker shows none. */
import type { NodeDetail } from '../../../protocol.ts'
import { Empty } from '../../parts/problem.tsx'

export function Unlookable({ node }: { readonly node: NodeDetail }) {
  return (
    <Empty icon="eye" title="The messages of this node cannot be looked at">
      {node.browse.reason}
    </Empty>
  )
}
