// $name: which member of the array serves a frame, and its two inputs.
//
// Written by fanet-export from manifest.json; $sensor ($status).
// Noise in units where black is 0 and white is 1: Var[y|x] = a x + b.

/** Feed `scale` and `offset` to the member `member`, each as [1, 1, 1, 1]. */
data class NsmaChoice(
    val a: Float, val b: Float, val scale: Float, val offset: Float,
    val member: Int
)

object NsmaSelector {
    const val MEMBERS = $members
    private const val HYSTERESIS = $hysteresis_kt
    private val EDGES = floatArrayOf($edges_kt)

    /**
     * Member of [a]. [previous] is the last frame's in a video, else -1: it
     * stays until `a` is $hysteresis_percent % beyond its subrange, so that
     * members do not alternate at an edge.
     */
    fun member(a: Float, previous: Int = -1): Int {
        if (previous in 0 until MEMBERS &&
            (previous == 0 || a >= EDGES[previous] / HYSTERESIS) &&
            (previous == MEMBERS - 1 || a < EDGES[previous + 1] * HYSTERESIS)
        ) return previous
        return (1 until MEMBERS).count { a >= EDGES[it] }
    }

    /** From `a` and `b` themselves; [a] must be above 0. */
    fun fromNoise(a: Float, b: Float, previous: Int = -1): NsmaChoice {
        val scale = 1.0f / a
        return NsmaChoice(a, b, scale, b * scale * scale, member(a, previous))
    }

    /** From the sensor's gain, clamped to $gain_low..$gain_high. */
    fun fromGain(gain: Float, previous: Int = -1): NsmaChoice {
        val g = gain.coerceIn(${gain_low}f, ${gain_high}f)
        val a = $a1_kt * g + $a0_kt
        val b = ($b2_kt * g + $b1_kt) * g + $b0_kt
        return fromNoise(a, b, previous)
    }

    /**
     * From SENSOR_SENSITIVITY; [baseIso] is the lower end of the camera's
     * SENSOR_INFO_SENSITIVITY_RANGE.
     */
    fun fromIso(iso: Int, baseIso: Int, previous: Int = -1) =
        fromGain(iso.toFloat() / baseIso, previous)

    /**
     * From `CaptureResult.SENSOR_NOISE_PROFILE`: a pair (S, O) a channel,
     * averaged; `pairs.map { it.first to it.second }` of the platform's own.
     */
    fun fromNoiseProfile(pairs: List<Pair<Double, Double>>, previous: Int = -1) =
        fromNoise(
            pairs.map { it.first }.average().toFloat(),
            pairs.map { it.second }.average().toFloat(),
            previous
        )
}
