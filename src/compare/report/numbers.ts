/** Numbers for people. */
import type { Spread } from '../statistics.ts'

export function rate(value: number): string {
  if (value >= 100_000) return `${Math.round(value / 1000)} k/s`
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} k/s`
  return `${Math.round(value)} /s`
}

export function ms(value: number | undefined): string {
  if (value === undefined) return '–'
  return value >= 100
    ? `${Math.round(value)} ms`
    : value >= 1
      ? `${value.toFixed(1)} ms`
      : `${Math.round(value * 1000)} µs`
}

/** Median, and how far the runs lie apart in percent of it. */
export function withSpread(value: Spread, show: (value: number) => string): string {
  const around = value.median === 0 ? 0 : ((value.max - value.min) / value.median) * 100
  return `${show(value.median)} ±${Math.round(around / 2)} %`
}

export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`
}
