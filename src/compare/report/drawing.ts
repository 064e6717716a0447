/** One chart on one canvas: SVG text whose colours follow the page's theme. */

export type Init = typeof import('echarts')['init']

export interface Canvas {
  readonly name: string
  /** Unit: CSS pixels. */
  readonly width: number
}

/** Distinct in both themes and for the colour-blind (Okabe and Ito). */
const COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#56b4e9',
  '#8a8a8a',
  '#a68a00',
  '#7a5cc0',
  '#c0392b',
  '#2e8b8b',
  '#8fae1b',
]

export function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!
}

export function title(text: string): object {
  return { text, left: 0, top: 4, textStyle: { fontSize: 13, color: '#333' } }
}

/** Height of one line of a legend. Unit: CSS pixels. */
const LEGEND_LINE = 22

export class Drawing {
  readonly narrow: boolean
  readonly #init: Init
  readonly #width: number

  constructor(init: Init, { width }: Canvas) {
    this.#init = init
    this.#width = width
    this.narrow = width < 500
  }

  /** What all line charts have in common; the legend takes the place it needs. */
  lines(text: string, count: number): object {
    const perLine = this.narrow ? 1 : 3
    const top = 34 + Math.ceil(count / perLine) * LEGEND_LINE
    return {
      title: title(text),
      grid: { left: 52, right: 24, top: top + 30, bottom: 30 },
      legend: {
        top: 34,
        left: 0,
        type: 'plain',
        orient: this.narrow ? 'vertical' : 'horizontal',
        itemHeight: 10,
      },
    }
  }

  /** `height`: of what is drawn; a vertical legend comes on top of it. */
  render(label: string, height: number, option: Record<string, unknown>): string {
    const grid = option.grid as { top: number } | undefined
    const full = height + Math.max(0, (grid?.top ?? 0) - 90)
    const chart = this.#init(null, null, { renderer: 'svg', ssr: true, width: this.#width, height: full })
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...option })
    const svg = chart.renderToSVGString()
    chart.dispose()
    return themed(svg, label)
  }
}

/** Text and lines follow the page's theme; the width follows the window. */
function themed(svg: string, label: string): string {
  return svg
    .replace(/<svg width="\d+" height="\d+"/, `<svg role="img" aria-label="${label}"`)
    .replaceAll(
      /(fill|stroke)(=|:)"?(?:#333|#464646|#6E7079|#54555a|#666|#999|rgb\(51,51,51\))"?/gi,
      (_, name, sign) => (sign === ':' ? `${name}:currentColor` : `${name}="currentColor"`),
    )
    .replaceAll(/(fill|stroke)="(?:#E0E6F1|#dbdee4|#ccc|#eee)"/gi, '$1="var(--grid)"')
}
