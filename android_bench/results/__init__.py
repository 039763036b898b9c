"""From finished jobs to rows, and from rows to files a person reads.

`store` keeps jobs as JSON lines, `rows` and `ratios` summarise them, `text`,
`page` and `outputs` write the table, the CSV, the Markdown and the page.
Nothing here talks to a phone.

Entrances: `store.Store`, `rows.summarise` and `outputs.write`.
"""
