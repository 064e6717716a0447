/** Which row of a list is open. `j` and `k` go to the next and the one before, Escape closes it. */
import { useState } from 'preact/hooks'
import { useKeys } from '../../state/keys.ts'

/** `-1`: none is open. */
export function useOpenRow(length: number): readonly [open: number, setOpen: (row: number) => void] {
  const [open, setOpen] = useState(-1)
  const step = (by: number) => length > 0 && setOpen((at) => Math.max(0, Math.min(length - 1, at + by)))
  useKeys({ j: () => step(1), k: () => step(-1), ...(open >= 0 && { Escape: () => setOpen(-1) }) })
  return [open, setOpen]
}
