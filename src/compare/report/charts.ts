/** Which charts a report has, as SVG text made without a browser; drawn twice, for a window and for a phone. */
import { clientLibrary } from '../../core/connecting/client-library.ts'
import { MOST_LOAD } from '../load/load-curve.ts'
import { TIMELINE_STEP_MS } from '../load/measurement.ts'
import type { Cell, Report } from '../report.ts'
import { type Canvas, colour, Drawing, type Init, title } from './drawing.ts'

/** Widths of the two drawings. Unit: CSS pixels. */
const CANVASES: readonly Canvas[] = [
  { name: 'window', width: 640 },
  { name: 'phone', width: 350 },
]

export interface Chart {
  /** What it shows, for those who do not see it. */
  readonly label: string
  readonly drawings: readonly { readonly canvas: string; readonly svg: string }[]
}

/** One set of charts for each workload that has a cell worth showing. */
export async function charts(report: Report): Promise<{ workload: string; charts: Chart[] }[]> {
  const { init } = await clientLibrary('echarts', () => import('echarts'))
  const arms = [...new Set(report.cells.map(armOf))]
  return report.workloads
    .map(({ name }) => {
      const cells = report.cells.filter(
        (cell) => cell.workload === name && cell.verdict !== 'INVALID' && cell.runs.length > 0,
      )
      const drawn = [throughput, percentiles, loadCurve, timeline].map((draw) => draw(init, cells, arms))
      return { workload: name, charts: drawn.filter((chart) => chart !== undefined) }
    })
    .filter((section) => section.charts.length > 0)
}

type Draw = (init: Init, cells: readonly Cell[], arms: readonly string[]) => Chart | undefined

function armOf(cell: Cell): string {
  return `${cell.broker} · ${cell.library}`
}

/** The guarantee stands at every bar and line. */
function label(cell: Cell): string {
  return `${armOf(cell)} ${cell.tier ?? ''}`.trim()
}

function chart(
  init: Init,
  text: string,
  option: (drawing: Drawing) => Record<string, unknown>,
  height: number,
): Chart {
  return {
    label: text,
    drawings: CANVASES.map((canvas) => {
      const drawing = new Drawing(init, canvas)
      return { canvas: canvas.name, svg: drawing.render(text, height, option(drawing)) }
    }),
  }
}

const throughput: Draw = (init, cells, arms) => {
  if (cells.length === 0) return undefined
  return chart(
    init,
    'Messages per second, with the guarantee behind them',
    ({ narrow }) => ({
      title: title('Messages per second'),
      grid: { left: narrow ? 8 : 190, right: 60, top: narrow ? 48 : 36, bottom: 24 },
      xAxis: { type: 'value', splitNumber: narrow ? 3 : 6, axisLabel: { formatter: short } },
      yAxis: {
        type: 'category',
        inverse: true,
        data: cells.map(label),
        // On a phone the name stands above its bar instead of beside it.
        axisLabel: narrow ? { inside: true, verticalAlign: 'bottom', padding: [0, 0, 9, -6] } : {},
        axisTick: { show: !narrow },
        z: 10,
      },
      series: [
        {
          type: 'bar',
          barWidth: narrow ? 10 : 18,
          data: cells.map((cell) => ({
            value: Math.round(cell.throughput.typical),
            itemStyle: { color: colour(arms.indexOf(armOf(cell))) },
          })),
          label: {
            show: true,
            position: 'right',
            color: '#333',
            formatter: ({ value }: { value: number }) => short(value),
          },
        },
      ],
    }),
    70 + cells.length * 36,
  )
}

/** Percentiles on a scale that widens the tail: 0, 90, 99, 99.9 at equal distances. */
const percentiles: Draw = (init, cells, arms) => {
  const drawn = cells.filter((cell) => cell.latencyP50 !== undefined && cell.noLatencyClaim === undefined)
  if (drawn.length === 0) return undefined
  return chart(
    init,
    'Latency from the intended send time, by percentile',
    (drawing) => ({
      ...drawing.lines('Latency by percentile', drawn.length),
      xAxis: {
        type: 'value',
        min: 0,
        max: 3,
        interval: 1,
        axisLabel: { formatter: (value: number) => `${['0', '90', '99', '99.9'][value] ?? ''} %` },
      },
      yAxis: { type: 'log', name: 'ms' },
      series: drawn.map((cell) => ({
        type: 'line',
        name: label(cell),
        showSymbol: false,
        color: colour(arms.indexOf(armOf(cell))),
        data: (cell.runs.findLast((run) => run.latency)?.latency?.curve ?? [])
          .filter(([percentile]) => percentile <= 99.9)
          .map(([percentile, value]) => [-Math.log10(1 - percentile / 100), Math.max(value, 0.001)]),
      })),
    }),
    330,
  )
}

const loadCurve: Draw = (init, cells, arms) => {
  const drawn = cells.filter((cell) => (cell.runs.at(-1)?.curve.length ?? 0) > 0)
  if (drawn.length === 0) return undefined
  return chart(
    init,
    'Latency versus load: 99th percentile over the rate offered; a pin marks the knee, hollow points are above 80 % of the capacity',
    (drawing) => ({
      ...drawing.lines('p99 versus load (pin: knee)', drawn.length),
      xAxis: {
        type: 'value',
        name: '/s',
        splitNumber: drawing.narrow ? 3 : 6,
        axisLabel: { formatter: short },
      },
      yAxis: { type: 'log', name: 'ms' },
      series: drawn.map((cell) => {
        const { curve, knee } = cell.runs.at(-1)!
        const at = curve.find(({ load }) => load === knee)
        const own = colour(arms.indexOf(armOf(cell)))
        return {
          type: 'line',
          name: label(cell),
          color: own,
          symbolSize: 7,
          data: curve.map(({ load, offered, latency }) => ({
            value: [Math.round(offered), latency?.p99],
            symbol: load > MOST_LOAD ? 'emptyCircle' : 'circle',
          })),
          markPoint: at
            ? { symbol: 'pin', symbolSize: 26, data: [{ coord: [Math.round(at.offered), at.latency?.p99] }] }
            : undefined,
        }
      }),
    }),
    330,
  )
}

/** Shorter runs have no course worth drawing. */
const LEAST_SLOTS = 10

const timeline: Draw = (init, cells, arms) => {
  const drawn = cells.filter(
    ({ runs }) => runs.at(-1)!.timeline.length >= LEAST_SLOTS && runs.at(-1)!.curve.length === 0,
  )
  if (drawn.length === 0) return undefined
  const second = 1000 / TIMELINE_STEP_MS
  return chart(
    init,
    'Arrivals per second over time, with faults and lost connections',
    (drawing) => ({
      ...drawing.lines('Arrivals per second over time', drawn.length),
      xAxis: { type: 'value', name: 's' },
      yAxis: { type: 'value', axisLabel: { formatter: short } },
      series: drawn.map((cell) => {
        const { timeline: slots, marks } = cell.runs.at(-1)!
        const spans = marks.filter(({ fromMs, toMs }) => toMs > fromMs)
        const moments = marks.filter(({ fromMs, toMs }) => toMs === fromMs)
        return {
          type: 'line',
          name: label(cell),
          showSymbol: false,
          color: colour(arms.indexOf(armOf(cell))),
          data: slots.map((count, slot) => [slot / second, count * second]),
          markArea: {
            // Those of several lines lie over each other.
            itemStyle: { color: '#d55e00', opacity: Math.max(0.05, 0.2 / drawn.length) },
            data: spans.map(({ what, fromMs, toMs }) => [
              { name: what, xAxis: fromMs / 1000 },
              { xAxis: toMs / 1000 },
            ]),
          },
          markLine: {
            symbol: 'none',
            label: { formatter: '{b}', color: '#333' },
            data: moments.map(({ what, fromMs }) => ({ name: what, xAxis: fromMs / 1000 })),
          },
        }
      }),
    }),
    300,
  )
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`
  return value >= 1000 ? `${Math.round(value / 100) / 10} k` : String(value)
}
