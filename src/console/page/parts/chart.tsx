/** One chart over time, drawn by uPlot: follows its place's width and the colours of the page. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { isDark } from '../state/preferences.ts'
import { short } from '../text/figures.ts'
import { clock } from '../text/times.ts'
import type { Series } from './sparkline.tsx'

interface ChartProps {
  readonly title: string
  readonly series: Series
  readonly unit?: string
  readonly format?: (value: number) => string
}

const HEIGHT = 180

export function Chart({ title, series, unit = '', format = short }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const colours = isDark.value

  useEffect(() => {
    const target = place.current!
    const drawn = new uPlot(optionsOf(target, format), dataOf(series), target)
    plot.current = drawn
    const resize = new ResizeObserver(() => drawn.setSize({ width: target.clientWidth, height: HEIGHT }))
    resize.observe(target)
    return () => {
      resize.disconnect()
      drawn.destroy()
      plot.current = null
    }
  }, [colours])

  useEffect(() => {
    plot.current?.setData(dataOf(series))
  }, [series])

  const last = series.at(-1)?.[1]
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <strong>{last === undefined ? '–' : `${format(last)}${unit}`}</strong>
      </figcaption>
      <div
        ref={place}
        class="chart-place"
        role="img"
        aria-label={`${title} over time; now ${last === undefined ? 'not known' : format(last) + unit}`}
      />
    </figure>
  )
}

/** In the colours that the page has now. */
function optionsOf(target: HTMLElement, format: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(target)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis = {
    stroke: colour('--text-3'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  }
  return {
    width: target.clientWidth || 320,
    height: HEIGHT,
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    padding: [8, 10, 0, 0],
    scales: { y: { range: (_, low, high) => rangeOf(low, high) } },
    axes: [
      { ...axis, values: (_, times) => times.map((at) => clock(at * 1000)), space: 90, size: 26 },
      { ...axis, values: (_, values) => values.map((value) => format(value)), size: 56, space: 34 },
    ],
    series: [
      {},
      { stroke: colour('--accent'), width: 1.5, fill: colour('--accent-veil'), points: { show: false } },
    ],
  }
}

function dataOf(series: Series): uPlot.AlignedData {
  return [series.map(([at]) => at / 1000), series.map(([, value]) => value)]
}

/** From nothing, or from the lowest figure below it. */
function rangeOf(low: number | null, high: number | null): uPlot.Range.MinMax {
  const bottom = Math.min(low ?? 0, 0)
  const top = high ?? 1
  const room = (top - bottom || 1) * 0.08
  return [bottom < 0 ? bottom - room : bottom, top + room]
}
