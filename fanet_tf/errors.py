"""The one exception that means "the user can mend this".

Commands turn it into one line on stderr and exit code 2; anything else that
escapes is a bug of ours and keeps its traceback.
"""


class InputError(ValueError):
    """A file, flag or value that came from outside cannot be used.

    The message says what must hold, then what came.
    """
