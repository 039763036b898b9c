"""How long a step of training takes on this machine."""

import time

import keras

# The first steps trace the graph and find batches made while it was traced.
WARM_UP = 3


class StepClock(keras.callbacks.Callback):
    """Notes clock and CPU time of each step of a `fit`, and ends it.

    Args:
        steps: enough of them, after the warm-up.
        seconds: enough of them, however few steps they were; one is timed.
    """

    def __init__(self, steps: int, seconds: float = float("inf")):
        super().__init__()
        self._steps, self._seconds = steps, seconds

    def on_train_begin(self, logs=None):
        """Starts counting."""
        self.clocks, self.cpus = [time.perf_counter()], [time.process_time()]

    def on_train_batch_end(self, batch, logs=None):
        """Reads the loss, so that the step is done, and both clocks."""
        float(logs["loss"])
        self.clocks.append(time.perf_counter())
        self.cpus.append(time.process_time())
        timed = self.clocks[WARM_UP:]
        if len(timed) > 1 and (
            len(timed) > self._steps or timed[-1] - timed[0] > self._seconds
        ):
            self.model.stop_training = True

    def steps_per_second(self) -> float:
        """Returns the mean after the warm-up."""
        timed = self.clocks[WARM_UP:]
        return (len(timed) - 1) / (timed[-1] - timed[0])
