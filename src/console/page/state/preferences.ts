/** What this browser remembers: the colours, and the width of the list beside the details. */
import { effect, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

export const theme = signal<Theme>((stored('theme') as Theme) ?? 'system')

export function stored(key: string): string | undefined {
  try {
    return localStorage.getItem(`sluice.${key}`) ?? undefined
  } catch {
    return undefined
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(`sluice.${key}`, value)
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the tab.
  }
}

export function followTheme(): void {
  effect(() => {
    const chosen = theme.value
    if (chosen === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = chosen
    store('theme', chosen)
  })
}

export function nextTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const shown = theme.peek() === 'system' ? (dark ? 'dark' : 'light') : theme.peek()
  theme.value = shown === 'dark' ? 'light' : 'dark'
}
