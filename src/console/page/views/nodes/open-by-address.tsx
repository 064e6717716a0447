/** For a broker that lists nothing: its nodes are opened by their address, and stay in the list from then on. */
import { useState } from 'preact/hooks'
import type { ApiError } from '../../../protocol.ts'
import { Button } from '../../parts/controls/button.tsx'
import { Form } from '../../parts/controls/form.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Prose, Visible } from '../../parts/visible.tsx'
import { go, nodeLink } from '../../state/route.ts'

interface OpenByAddressProps {
  readonly broker: string
  readonly unlisted: ApiError
}

export function OpenByAddress({ broker, unlisted }: OpenByAddressProps) {
  const [address, setAddress] = useState('')
  const open = () => address.trim() !== '' && go(nodeLink(broker, address.trim()))
  return (
    <Form class="unlisted" onSubmit={open}>
      <Icon name="info" />
      <p>
        <strong>
          <Visible text={broker} limit={60} />
        </strong>{' '}
        <Visible text={unlisted.message} />{' '}
        {unlisted.hint !== undefined && (
          <span class="soft">
            <Prose text={unlisted.hint} />
          </span>
        )}
      </p>
      <input
        class="input mono"
        aria-label={`Address of a node of ${broker}`}
        placeholder="Address"
        value={address}
        onInput={(event) => setAddress(event.currentTarget.value)}
      />
      <Button submit reason={address.trim() === '' ? 'Give an address first.' : undefined}>
        Open
      </Button>
    </Form>
  )
}
