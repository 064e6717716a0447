/** A series of figures, word-sized. The figure stands beside it, so the drawing itself says nothing to a screen reader. */
export type Series = readonly (readonly [at: number, value: number])[]

interface SparklineProps {
  readonly series: Series
  readonly width?: number
}

const HEIGHT = 22

export function Sparkline({ series, width = 96 }: SparklineProps) {
  const line = sparkPath(series, width)
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {line !== '' && <path class="spark-area" d={`${line}L${width},${HEIGHT}L0,${HEIGHT}Z`} />}
      <path class="spark-line" d={line} />
    </svg>
  )
}

/** A path from left to right over the times of the series; steady figures lie low, so that what moves stands out. */
function sparkPath(series: Series, width: number): string {
  if (series.length < 2) return ''
  const from = series[0]![0]
  const length = series.at(-1)![0] - from || 1
  const values = series.map(([, value]) => value)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = HEIGHT - 3
  return series
    .map(([at, value], index) => {
      const x = ((at - from) / length) * width
      const y = high === low ? HEIGHT - 2 : 1.5 + room - ((value - low) / (high - low)) * room
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join('')
}
