/** Charts as SVG text, made without a browser. Colours come from CSS variables so that light and dark both read well. */
import { clientLibrary } from '../../core/client-library.ts'
import type { Cell, Report } from '../compare.ts'

type Init = typeof import('echarts')['init']

/** Distinct in both themes and for the colour-blind (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9', '#8a8a8a', '#a68a00']
const WIDTH = 720

/** One set of charts for each workload. */
export async function charts(report: Report): Promise<{ workload: string; svg: string[] }[]> {
  const { init } = await clientLibrary('echarts', () => import('echarts'))
  return report.workloads.map(({ name }) => {
    const cells = report.cells.filter(
      (cell) => cell.workload === name && cell.verdict !== 'INVALID' && cell.runs.length > 0,
    )
    const svg =
      cells.length === 0
        ? []
        : [throughput(init, cells), latency(init, cells), timeline(init, cells)].filter((part) => part !== '')
    return { workload: name, svg }
  })
}

function label(cell: Cell): string {
  return `${cell.adapter} · ${cell.library} (${cell.runs.at(-1)?.tier ?? '–'})`
}

function throughput(init: Init, cells: readonly Cell[]): string {
  return render(init, 60 + cells.length * 34, {
    title: title('Messages per second, by guarantee tier'),
    grid: { left: 210, right: 70, top: 36, bottom: 24 },
    xAxis: {
      type: 'value',
      axisLabel: { formatter: (value: number) => (value >= 1000 ? `${value / 1000} k` : String(value)) },
    },
    yAxis: { type: 'category', inverse: true, data: cells.map(label) },
    series: [
      {
        type: 'bar',
        barMaxWidth: 20,
        data: cells.map((cell, at) => ({
          value: Math.round(cell.throughput.median),
          itemStyle: { color: COLOURS[at % COLOURS.length] },
        })),
        label: { show: true, position: 'right', color: 'inherit' },
      },
    ],
  })
}

/** Percentiles on a scale that widens the tail: 50, 90, 99, 99.9 at equal distances. */
function latency(init: Init, cells: readonly Cell[]): string {
  const drawn = cells.filter((cell) => cell.runs.some((run) => run.latency))
  if (drawn.length === 0) return ''
  return render(init, 300, {
    title: title('Latency from the intended send time (ms) by percentile'),
    grid: { left: 60, right: 20, top: 66, bottom: 34 },
    legend: { top: 26, type: 'plain' },
    xAxis: {
      type: 'value',
      min: 0,
      max: 3,
      interval: 1,
      axisLabel: { formatter: (value: number) => ['0', '90', '99', '99.9'][value] ?? '' },
    },
    yAxis: { type: 'log', name: 'ms' },
    series: drawn.map((cell, at) => ({
      type: 'line',
      name: label(cell),
      showSymbol: false,
      color: COLOURS[at % COLOURS.length],
      data: (cell.runs.findLast((run) => run.latency)?.latency?.curve ?? [])
        .filter(([percentile]) => percentile <= 99.9)
        .map(([percentile, value]) => [-Math.log10(1 - percentile / 100), Math.max(value, 0.001)]),
    })),
  })
}

function timeline(init: Init, cells: readonly Cell[]): string {
  const drawn = cells.filter((cell) => (cell.runs.at(-1)?.timeline.length ?? 0) > 3)
  if (drawn.length === 0) return ''
  return render(init, 240, {
    title: title('Arrivals per second over time'),
    grid: { left: 60, right: 20, top: 66, bottom: 34 },
    legend: { top: 26, type: 'plain' },
    xAxis: { type: 'value', name: 's' },
    yAxis: { type: 'value' },
    series: drawn.map((cell, at) => ({
      type: 'line',
      name: label(cell),
      showSymbol: false,
      color: COLOURS[at % COLOURS.length],
      data: cell.runs.at(-1)!.timeline.map((count, slot) => [slot / 10, count * 10]),
    })),
  })
}

function title(text: string): object {
  return { text, textStyle: { fontSize: 13 } }
}

function render(init: Init, height: number, option: Record<string, unknown>): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  chart.setOption({ animation: false, backgroundColor: 'transparent', ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  // Text and lines follow the page's theme; width follows the window.
  return svg
    .replace(/<svg width="(\d+)" height="(\d+)"/, '<svg style="max-width:100%;height:auto" role="img"')
    .replaceAll(/(fill|stroke)="(?:#333|#464646|#6E7079|#54555a|#666)"/gi, '$1="currentColor"')
    .replaceAll(/(fill|stroke)="(?:#E0E6F1|#dbdee4|#ccc|#eee)"/gi, '$1="var(--grid)"')
}
