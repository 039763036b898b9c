"""The one line that says where a training is."""

from tqdm import tqdm

from fanet_tf import progress_bar


class TrainingBar(progress_bar.Bar):
    """Member, steps, loss, PSNR of the last validation, time left for all.

    Args:
        index: of the member.
        count: of the array's members.
        later: how many members this run trains after this one.
        **bar: what `tqdm` takes, `total` among it.

    Attributes:
        label: names the member in messages.
    """

    def __init__(self, index: int, count: int, later: int, **bar):
        self.label = f"member {index}"
        place = f" ({index + 1} of {count})" if count > 1 else ""
        super().__init__(
            desc=self.label + place,
            unit="step",
            mininterval=1.0,
            dynamic_ncols=True,
            postfix="compiling the first step",
            **bar,
        )
        self._later, self._loss, self._reached = later, "", ""
        self._is_compiling = True

    def begun(self) -> None:
        """The next step is the first of a phase, which compiles it."""
        self._is_compiling = True

    def stepped(self) -> None:
        """Counts a step; the time left leaves out how long one compiled."""
        if self.disable or not self._is_compiling:
            self.update()
            return
        self._is_compiling = False
        self.n += 1
        self.last_print_n, self.last_print_t = self.n, self._time()
        self._show()

    def trained(self, loss: float, steps_per_second: float) -> None:
        """Shows a loss, and the time that all members together still take."""
        self._loss = f"loss {loss:.3g}"
        if self._later:
            steps = self.total - self.n + self._later * self.total
            left = tqdm.format_interval(steps / steps_per_second)
            self._loss += f", all in {left}"
        self._show()

    def validated(self, psnr: float, noisy: float) -> None:
        """Shows PSNR in dB, means over the gains, beside the noisy input's."""
        self._reached = f", {psnr:.2f} dB (input {noisy:.2f})"
        self._show()

    def _show(self):
        self.set_postfix_str(self._loss + self._reached, refresh=False)
