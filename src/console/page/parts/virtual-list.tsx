/** Rows of one height, of which only those in sight exist: ten thousand cost as much as thirty. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

const SPARE = 8

interface VirtualListProps<T> {
  readonly rows: readonly T[]
  readonly rowHeight: number
  readonly label: string
  /** Which row the keyboard is on; it is kept in sight. */
  readonly active: number
  readonly head?: ComponentChildren
  readonly children: (row: T, index: number) => ComponentChildren
  /** Rows the table has in all, where not all are here. */
  readonly total?: number
  /** Told the first row in sight, whenever that changes. */
  readonly onSeen?: (first: number) => void
}

export function VirtualList<T>({
  rows,
  rowHeight,
  label,
  active,
  head,
  children,
  total,
  onSeen,
}: VirtualListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })

  const measure = () => {
    const element = scroller.current
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight })
  }
  useLayoutEffect(measure, [])
  useEffect(() => {
    const resize = new ResizeObserver(measure)
    resize.observe(scroller.current!)
    return () => resize.disconnect()
  }, [])
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || active < 0) return
    const top = active * rowHeight
    const headHeight = head === undefined ? 0 : rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowHeight + headHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight + headHeight - element.clientHeight
    }
  }, [active])

  const seen = Math.floor(view.top / rowHeight)
  useEffect(() => onSeen?.(seen), [seen])
  const first = Math.max(0, seen - SPARE)
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + SPARE)
  return (
    <div
      class="rows"
      ref={scroller}
      onScroll={measure}
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? rows.length) + 1}
      tabIndex={0}
    >
      {head}
      <div class="rows-all" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        <div
          role="presentation"
          class="rows-seen"
          style={{ transform: `translateY(${first * rowHeight}px)` }}
        >
          {rows.slice(first, last).map((row, index) => children(row, first + index))}
        </div>
      </div>
    </div>
  )
}
