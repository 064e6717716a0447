/** What this browser remembers: the colours, and the width of the list beside the details. */
import { computed, effect, signal } from '@preact/signals'

type Theme = 'system' | 'light' | 'dark'

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

/** What the system asks for now. */
const systemIsDark = signal(false)

/** Whether the page is dark now. */
export const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'))

export function followTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  systemIsDark.value = system.matches
  system.addEventListener('change', () => {
    systemIsDark.value = system.matches
  })
  effect(() => {
    document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light'
    store('theme', theme.value)
  })
}

export function nextTheme(): void {
  theme.value = isDark.peek() ? 'light' : 'dark'
}
