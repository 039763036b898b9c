"""What an evaluation looks like: a table for the terminal, a page for the eyes.

Example:
    evaluation = evaluate.evaluate(captures, methods)
    print(report.table(evaluation))
    report.write("out/report.html", evaluation)
    report.write_json("out/metrics.json", evaluation)
"""

from fanet_tf.report.page import write
from fanet_tf.report.text import table
from fanet_tf.report.text import write_json

__all__ = ["table", "write", "write_json"]
