/** Numbers for people. */
import type { Spread } from '../figures/statistics.ts'

export function rate(value: number): string {
  if (value >= 100_000) return `${Math.round(value / 1000)} k/s`
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} k/s`
  return `${Math.round(value)} /s`
}

export function ms(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value >= 100) return `${Math.round(value)} ms`
  if (value >= 1) return `${value.toFixed(1)} ms`
  return `${Math.round(value * 1000)} µs`
}

/** The typical value, and half the distance between the extremes in percent of it where there is more than one run. */
export function withSpread(value: Spread, runs: number, show: (value: number) => string): string {
  if (runs < 2 || value.typical === 0) return show(value.typical)
  const around = ((value.max - value.min) / value.typical) * 50
  return `${show(value.typical)} ±${Math.round(around)} %`
}

export function percent(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${Math.round(ratio * 100)} %`
}
