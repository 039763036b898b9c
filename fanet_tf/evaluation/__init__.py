"""Denoisers over captures: figures, a table for the terminal, a page.

`evaluate.evaluate` runs methods over captures and returns an `Evaluation`;
`methods` makes the methods (bundles and classical ones); `page.write` draws
the page and `text.table` the table. Nothing here needs TensorFlow:
`training.method` has the members of a training run.

Example:
    evaluation = evaluate.evaluate(captures, methods)
    print(text.table(evaluation))
    page.write("out/report.html", evaluation)
    text.write_json("out/metrics.json", evaluation)
"""
