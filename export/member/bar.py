"""The one line that says where an export is."""

from fanet_tf import progress_bar

_FIRST = "halo"


class ExportBar(progress_bar.Bar):
    """Member, recipe, and the time left for all of them.

    Args:
        members: of the bundle.
        recipes: of each member.
    """

    def __init__(self, members: int, recipes: int):
        self._members = members
        super().__init__(
            desc=self._place(0, _FIRST),
            total=members * (1 + recipes),
            unit="step",
            dynamic_ncols=True,
        )

    def at(self, index: int, task: str = _FIRST) -> None:
        """Says which member is at work, and on which recipe.

        Args:
            index: of the member.
            task: a recipe, or what comes before all of them.
        """
        self.set_description(self._place(index, task))

    def _place(self, index, task) -> str:
        place = f" ({index + 1} of {self._members})" * (self._members > 1)
        return f"member {index}{place}, {task}"
