/** What a browser loads of the page. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { buildPage } from '../../../scripts/console/page.ts'

const { files } = await buildPage(join(import.meta.dirname, '../../..'))
const text = (name: keyof typeof files): string => Buffer.from(files[name]).toString()

it('script and style together are below 80 KB gzipped', () => {
  const size = gzipSync(files['app.js']).length + gzipSync(files['app.css']).length
  expect(size).toBeLessThan(80_000)
})

it('nothing stands inline, and nothing is evaluated or inserted as HTML', () => {
  expect(text('index.html')).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/)
  expect(text('app.js')).not.toMatch(/\beval\(|new Function\(|document\.write|insertAdjacentHTML/)
  expect(text('app.css')).not.toMatch(/@import|url\(\s*["']?(?:https?:|\/\/|data:)/)
})
