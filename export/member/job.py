"""What is exported and how: the user's options, and what members share."""

import dataclasses
import pathlib

from ml_collections import ConfigDict

from export.contract import halo
from export.contract import quality
from export.int8.calibration import Data
from export.int8.calibration import Settings
from export.member.bar import ExportBar
from export.member.recipes import Recipe
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.training.feed import synthesis


@dataclasses.dataclass(frozen=True)
class Options:
    """What a user chooses about an export.

    Attributes:
        name: of the bundle.
        recipes: to write, see `recipes.parse`.
        tile: height and width of the members' input, packed pixels. A larger
            tile wastes less on its halo and takes more memory.
        group_form: one of `convert.GROUP_FORMS`; `"dense"` costs more and
            runs on targets that have no grouped convolution.
        photographs: folder of photographs that quality is measured on,
            none of which was trained on; or `"held_back"`, the package's own.
        photographs_limit: largest number of them; 0 takes all.
        allow_quality_loss: writes members that miss their limit, too.
        calibration: of the static recipes.
        sources: training sources to calibrate on; empty takes the run's.
        profile: the sensor's noise, a name or a `.json` file; empty takes the
            run's.
        halo_tolerance: largest error of a tile against a whole frame, in
            deviations of the noise; None takes the halo that the layers give.
    """

    name: str
    recipes: list[Recipe]
    tile: int = 384
    group_form: str = "native"
    photographs: str = "held_back"
    photographs_limit: int = 12
    allow_quality_loss: bool = False
    calibration: Settings = Settings()
    sources: tuple[str, ...] = ()
    profile: str = ""
    halo_tolerance: float | None = halo.TOLERANCE


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that the members of one bundle share.

    Attributes:
        folder: that files are written to.
        options: of the export.
        config: of the run.
        profile: the sensor's noise.
        tile: `height`, `width`, `halo`, `stride`.
        data: for the static recipes.
        gate: measures quality.
        bar: says where the export is.
    """

    folder: pathlib.Path
    options: Options
    config: ConfigDict
    profile: NoiseProfile
    tile: dict[str, int]
    data: Data
    gate: quality.Gate
    bar: ExportBar

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the members' input, packed pixels."""
        return self.tile["height"], self.tile["width"]

    @property
    def below_black(self) -> str:
        """What the members saw there, `"clipped"` or `"signed"`."""
        return synthesis.below_black(self.config.data)
