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
        super().__init__(
            total=members * (1 + recipes), unit="step", dynamic_ncols=True
        )
        self._members = members

    def at(self, index: int, task: str = _FIRST) -> None:
        """Says which member is at work, and on which recipe.

        Args:
            index: of the member.
            task: a recipe, or what comes before all of them.
        """
        place = f" ({index + 1} of {self._members})" * (self._members > 1)
        self.set_description_str(f"member {index}{place}, {task}")
