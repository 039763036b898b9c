"""Draws what networks reach against what they take on a phone, as a page.

Nothing is trained or timed: see `frontier_page`.

Example:

    python benchmarks/frontier.py --output=docs/frontier.html
"""

from absl import app
from absl import flags

import frontier_page
from fanet_tf.files import strict_json
from fanet_tf.pages import shell

_TABLE = flags.DEFINE_string(
    "table",
    str(frontier_page.TABLE),
    "What `ablations.py --table=architectures` wrote.",
)
_OUTPUT = flags.DEFINE_string("output", None, "HTML page.", required=True)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replaces a foreign file.")


def main(argv):
    """Writes the page."""
    del argv
    table = strict_json.read_object(_TABLE.value)
    text = frontier_page.page(table)
    shell.write(_OUTPUT.value, text, _OVERWRITE.value)


if __name__ == "__main__":
    app.run(main)
