"""What of absl's log a user sees."""

import io
import logging as python_logging

import pytest
from absl import flags
from absl import logging

from fanet_tf.cli import log


@pytest.fixture
def seen(monkeypatch):
    stream = io.StringIO()
    flags.FLAGS.mark_as_parsed()  # Until then absl writes to stderr.
    handler = logging.get_absl_handler().python_handler
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def record(path, level, text):
    return python_logging.LogRecord("absl", level, path, 1, text, (), None)


def test_libraries_are_heard_only_when_something_is_wrong(seen):
    handler = logging.get_absl_handler()
    info, warning = python_logging.INFO, python_logging.WARNING
    with log.for_the_user():
        handler.handle(record("/lib/tensorflow/saver.py", info, "took 6 us"))
        handler.handle(record("/lib/tensorflow/saver.py", warning, "lost"))
        handler.handle(record(log.__file__, info, "Halo: 4"))
    assert seen.getvalue() == "warning: lost\nHalo: 4\n"
    handler.handle(record("/lib/tensorflow/saver.py", info, "again"))
    assert "again" in seen.getvalue()
