/** A series of figures, word-sized. The figure stands beside it, so the drawing itself says nothing to a screen reader. */
export type Series = readonly (readonly [at: number, value: number])[]

interface SparklineProps {
  readonly series: Series
  readonly width?: number
  readonly height?: number
  /** Filled below the line. */
  readonly area?: boolean
}

export function Sparkline({ series, width = 96, height = 22, area = true }: SparklineProps) {
  const line = sparkPath(series, width, height)
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {area && line !== '' && <path class="spark-area" d={`${line}L${width},${height}L0,${height}Z`} />}
      <path class="spark-line" d={line} />
    </svg>
  )
}

/** A path from left to right over the times of the series; steady figures lie low, so that what moves stands out. */
function sparkPath(series: Series, width: number, height: number): string {
  if (series.length < 2) return ''
  const from = series[0]![0]
  const length = series.at(-1)![0] - from || 1
  const values = series.map(([, value]) => value)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = height - 3
  return series
    .map(([at, value], index) => {
      const x = ((at - from) / length) * width
      const y = high === low ? height - 2 : 1.5 + room - ((value - low) / (high - low)) * room
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join('')
}
