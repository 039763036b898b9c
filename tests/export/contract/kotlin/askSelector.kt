// Answers a line of questions by a line of numbers.

fun number(text: String) = when (text) {
    "nan" -> Double.NaN
    "inf" -> Double.POSITIVE_INFINITY
    "-inf" -> Double.NEGATIVE_INFINITY
    else -> text.toDouble()
}

fun main() {
    generateSequence(::readLine).forEach {
        val words = it.split(" ")
        val x = words.drop(2).map(::number)
        val pairs = x.drop(1).chunked(2)
            .mapNotNull { p -> if (p.size == 2) p[0] to p[1] else null }
            .ifEmpty { null }
        val cfa = words[1].toInt()
        val c = when (words[0]) {
            "g" -> NsmaSelector.fromGain(x[0].toFloat())
            "i" -> NsmaSelector.fromIso(x[0].toInt(), x[1].toInt())
            "n" -> NsmaSelector.fromNoise(x[0].toFloat(), x[1].toFloat())
            "s" -> NsmaSelector.atSignal(
                NsmaSelector.fromNoise(x[0].toFloat(), 1e-6f, cfa),
                x[1].toFloat()
            )
            "p" -> NsmaSelector.fromNoiseProfile(pairs)
            else -> NsmaSelector.fromNoiseProfileAsDng(pairs, cfa)
        }
        println(
            listOf(c.a, c.b, c.scale, c.offset, c.member, c.status.ordinal)
                .joinToString(" ")
        )
    }
}
