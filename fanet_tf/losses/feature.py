"""Feature Loss: content and style in the eyes of the teacher.

Young et al., section 3.2: Johnson et al.'s loss, "except the classifier model
is substituted for the teacher network". The teacher looks at the prediction
and at the clean RAW as if each were a frame of the noise that the student's
input had, so both go through its own transform; what it would do about them,
level by level, shall be the same.
"""

from fanet_tf.losses import perceptual


class TeacherFeatures:
    """A frozen teacher's activations.

    Args:
        teacher: a member graph, see `models.member.build`.
    """

    def __init__(self, teacher):
        self.stabilise = teacher.get_layer("stabilise")
        self.network = perceptual.feature_network(teacher.get_layer("core"))

    def __call__(self, packed, scale, offset):
        """Returns the features of `[B, h, w, 4]`, a list, finest first."""
        stabilised, _ = self.stabilise(packed, scale, offset)
        features = self.network(stabilised, training=False)
        return features if isinstance(features, list) else [features]


def feature_loss(features: TeacherFeatures, denoised, clean, scale, offset):
    """Returns the Feature Loss, a scalar; 0 where `denoised` is `clean`.

    Args:
        features: of the teacher.
        denoised: `[B, h, w, 4]`; the gradient flows here and nowhere else.
        clean: `[B, h, w, 4]`.
        scale: `[B, 1, 1, 1]`, 1/a of the noisy input.
        offset: `[B, 1, 1, 1]`, b/a^2 of the noisy input.
    """
    return perceptual.content_and_style(
        features(denoised, scale, offset), features(clean, scale, offset)
    )
