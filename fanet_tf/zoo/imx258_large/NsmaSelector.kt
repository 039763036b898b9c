// imx258_large: which member of the array serves a frame, and its two inputs.
//
// Written by fanet-export from manifest.json; Sony IMX258 (stand-in).
// Noise in units where black is 0 and white is 1: Var[y|x] = a x + b.

/** What is wrong; the same numbers as in nsma_selector.h. */
enum class NsmaStatus(val text: String) {
    OK("ok"),
    BAD_GAIN("a gain must be positive and finite"),
    BAD_ISO("both ISOs must be positive"),
    BAD_NOISE("noise must be 1e-7 <= a <= 1 and 0 <= b <= 1"),
    NO_PROFILE("a noise profile must have 1 to 4 pairs (S, O)"),
    BAD_CFA("the colour filters must be RGGB, GRBG, GBRG or BGGR"),
    BAD_FORMAT("the format must be RAW10, RAW12 or RAW16"),
    BAD_LEVELS("levels must be finite, and each black level below white"),
    BAD_SIZE("sides must be 1 to 32767 pixels; left and top 0 or more"),
    SHORT_BUFFER("a buffer or its rows are too short"),
    ALIGNMENT("the workspace must be aligned to 8 bytes"),
    BAD_TILE("there is no such tile"),
    TILE_TWICE("a tile was taken twice"),
    TILE_MISSING("a tile was not taken"),
    BAD_OUTPUT("the network gave NaN, infinity or more than 16 times white"),
    BAD_FACTOR("the factor of the counts must be 1 or more"),
    BAD_SHADING("shading must be 1 to 16, a grid of 2 to 64 of the area"),
    BAD_DEFECTS("defects must be in reading order, each once")
}

/**
 * Bind `scale` and `offset` of the member [member] by these names, each as
 * [1, 1, 1, 1]. Unless [status] is OK the numbers are 0 and [member] is -1.
 */
data class NsmaChoice(
    val a: Float, val b: Float, val scale: Float, val offset: Float,
    val member: Int, val status: NsmaStatus = NsmaStatus.OK,
    /** As it was given. */
    val previous: Int = -1
)

object NsmaSelector {
    const val MEMBERS = 1
    private const val HYSTERESIS = 1.1e+0f
    /**
     * Root mean square of the frames whose member is that of their `a`; a
     * darker frame has a later one ([atSignal]). 0: members are chosen by `a`
     * alone.
     */
    const val REFERENCE_SIGNAL = 0.0e+0f
    private val EDGES = floatArrayOf(2.1e-4f, 1.344e-2f)

    /**
     * Member of [a]. [previous] is the last frame's in a video, else -1: it
     * stays until `a` is 10 % beyond its subrange, so that
     * members do not alternate at an edge.
     */
    fun member(a: Float, previous: Int = -1): Int {
        if (previous in 0 until MEMBERS &&
            (previous == 0 || a >= EDGES[previous] / HYSTERESIS) &&
            (previous == MEMBERS - 1 || a < EDGES[previous + 1] * HYSTERESIS)
        ) return previous
        return (1 until MEMBERS).count { a >= EDGES[it] }
    }

    private fun refused(status: NsmaStatus) =
        NsmaChoice(0.0f, 0.0f, 0.0f, 0.0f, -1, status)

    /** From `a` and `b` themselves. */
    fun fromNoise(a: Float, b: Float, previous: Int = -1): NsmaChoice {
        if (!(a >= 1e-7f && a <= 1.0f && b >= 0.0f && b <= 1.0f))
            return refused(NsmaStatus.BAD_NOISE)
        val scale = 1.0f / a
        return NsmaChoice(
            a, b, scale, b * scale * scale, member(a, previous),
            previous = previous
        )
    }

    /**
     * [choice] for a frame of this signal: the root mean square of its values
     * without its noise. NsmaDenoiser measures it and calls this.
     */
    fun atSignal(choice: NsmaChoice, signal: Float): NsmaChoice {
        if (choice.status != NsmaStatus.OK || REFERENCE_SIGNAL <= 0.0f)
            return choice
        val a = choice.a * (REFERENCE_SIGNAL / signal)
        return choice.copy(member = member(a, choice.previous))
    }

    /** From the sensor's gain, clamped to 1.0..64.0. */
    fun fromGain(gain: Float, previous: Int = -1): NsmaChoice {
        if (!(gain > 0.0f && gain <= Float.MAX_VALUE))
            return refused(NsmaStatus.BAD_GAIN)
        val g = gain.coerceIn(1.0f, 64.0f)
        val a = 2.1e-4f * g + 0.0e+0f
        val b = (7.9e-8f * g + 0.0e+0f) * g + 3.5e-7f
        return fromNoise(a, b, previous)
    }

    /**
     * From SENSOR_SENSITIVITY; [baseIso] is the lower end of the camera's
     * SENSOR_INFO_SENSITIVITY_RANGE.
     */
    fun fromIso(iso: Int, baseIso: Int, previous: Int = -1): NsmaChoice {
        if (iso <= 0 || baseIso <= 0) return refused(NsmaStatus.BAD_ISO)
        return fromGain(iso.toFloat() / baseIso.toFloat(), previous)
    }

    private fun fromDouble(a: Double, b: Double, previous: Int): NsmaChoice {
        if (!(a >= 1e-7 && a <= 1.0 && b >= 0.0 && b <= 1.0))
            return refused(NsmaStatus.BAD_NOISE)
        return fromNoise(a.toFloat(), b.toFloat(), previous)
    }

    /**
     * From `CaptureResult.SENSOR_NOISE_PROFILE`, which may be null: a pair
     * (S, O) a channel in the order of the CFA, averaged;
     * `pairs?.map { it.first to it.second }` of the platform's own.
     */
    fun fromNoiseProfile(
        pairs: List<Pair<Double, Double>>?, previous: Int = -1
    ): NsmaChoice {
        if (pairs == null || pairs.size !in 1..4)
            return refused(NsmaStatus.NO_PROFILE)
        var a = 0.0
        var b = 0.0
        for (pair in pairs) {
            a += pair.first
            b += pair.second
        }
        return fromDouble(a / pairs.size, b / pairs.size, previous)
    }

    /**
     * The same from four pairs as Android's DngCreator writes them: of both
     * greens the pair with the larger slope. So the app and whoever reads the
     * DNG denoise for the same noise. [cfa] is
     * SENSOR_INFO_COLOR_FILTER_ARRANGEMENT, 0 to 3.
     */
    fun fromNoiseProfileAsDng(
        pairs: List<Pair<Double, Double>>?, cfa: Int, previous: Int = -1
    ): NsmaChoice {
        if (pairs == null || pairs.size != 4)
            return refused(NsmaStatus.NO_PROFILE)
        if (cfa !in 0..3) return refused(NsmaStatus.BAD_CFA)
        val isRedFirst = cfa == 0 || cfa == 3
        val (one, other) =
            if (isRedFirst) pairs[1] to pairs[2] else pairs[0] to pairs[3]
        val (red, blue) =
            if (isRedFirst) pairs[0] to pairs[3] else pairs[1] to pairs[2]
        val green = if (other.first > one.first) other else one
        return fromDouble(
            (red.first + blue.first + green.first + green.first) / 4.0,
            (red.second + blue.second + green.second + green.second) / 4.0,
            previous
        )
    }
}
