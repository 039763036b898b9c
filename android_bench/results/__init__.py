"""From finished jobs to rows, and from rows to files a person reads.

`store` keeps jobs as JSON lines; `rows`, `fields` and `ratios` summarise them;
`baseline` compares them with an older run and `side_by_side` with other runs;
`columns`, `text`, `spreadsheet`, `page` and `outputs` write the table, the
Markdown, the CSV and the page. Nothing here talks to a phone.

Entrances: `store.Store`, `rows.summarise`, `outputs.write` and
`side_by_side.read`.
"""
