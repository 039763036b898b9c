// Frames come in by stdin; tiles go out by stdout and come back.

import java.io.BufferedInputStream
import java.io.BufferedOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.EOFException
import java.nio.ByteBuffer
import java.util.Random
import java.util.concurrent.Callable
import java.util.concurrent.Executors

val from = DataInputStream(BufferedInputStream(System.`in`))
val to = DataOutputStream(BufferedOutputStream(System.out))

/** At the other ends of the pipes. */
object Network : NsmaNetwork {
    override fun run(
        member: Int, noisy: FloatArray, scale: Float, offset: Float
    ): FloatArray {
        to.writeInt(member)
        to.writeFloat(scale)
        to.writeFloat(offset)
        noisy.forEach { to.writeFloat(it) }
        to.flush()
        return FloatArray(noisy.size) { from.readFloat() }
    }
}

/** Takes camera levels as the dynamic ones, or as the static ones. */
fun readRaw(isStatic: Boolean): NsmaRaw {
    val (width, height, format, cfa, stride) = List(5) { from.readInt() }
    val (left, top, bytes, rows, columns) = List(5) { from.readInt() }
    val defects = from.readInt()
    val black = FloatArray(4) { from.readFloat() }
    val white = from.readFloat().toInt()
    val gains = FloatArray(4 * rows * columns) { from.readFloat() }
    val listed = List(defects) { from.readInt() to from.readInt() }
    val data = ByteArray(bytes)
    from.readFully(data)
    return NsmaRaw.from(
        ByteBuffer.wrap(data), stride, width, height, format, cfa,
        blackPattern = IntArray(4) { if (isStatic) black[it].toInt() else 9 },
        whiteLevel = if (isStatic) white else 99,
        dynamicBlack = if (isStatic) null else black,
        dynamicWhite = if (isStatic) null else white,
        left = left, top = top,
        shading = if (rows > 0) gains else null,
        shadingRows = rows, shadingColumns = columns, defects = listed
    )
}

/** Fills and takes by four threads at once, in another order. */
fun denoiseInThreads(frame: NsmaDenoiser) {
    val pool = Executors.newFixedThreadPool(4)
    val order = (0 until frame.tiles).shuffled(Random(25))
    fun forAll(work: (Int) -> Unit) =
        pool.invokeAll(order.map { Callable { work(it) } }).forEach { it.get() }
    val noisy = List(frame.tiles) { FloatArray(NsmaBundle.TILE_FLOATS) }
    forAll { frame.fill(it, noisy[it]) }
    val denoised = noisy.map {
        Network.run(frame.member, it, frame.scale, frame.offset)
    }
    forAll { frame.take(it, denoised[it]) }
    pool.shutdown()
}

fun statusOf(call: () -> Unit) =
    try {
        call()
        NsmaStatus.OK
    } catch (e: NsmaException) {
        e.status
    }

/** What an app could do wrong with a frame of several tiles. */
fun wrongCalls(frame: NsmaDenoiser): List<NsmaStatus> {
    val tile = FloatArray(NsmaBundle.TILE_FLOATS)
    fun broken(bad: Float) = tile.copyOf().also { it[99] = bad }
    return listOf(
        statusOf { frame.fill(frame.tiles, tile) },
        statusOf { frame.take(-1, tile) },
        statusOf { frame.fill(0, FloatArray(9)) },
        statusOf { frame.take(0, broken(Float.NaN)) },
        statusOf { frame.take(0, broken(Float.POSITIVE_INFINITY)) },
        statusOf { frame.take(0, broken(-17.0f)) },
        statusOf { frame.take(0, tile) },
        statusOf { frame.take(0, tile) },
        statusOf { frame.finish() },
        statusOf { frame.finish(0) }
    )
}

fun main() {
    while (true) {
        val mode = try { from.readInt() } catch (end: EOFException) { return }
        val isStatic = from.readBoolean()
        val choice = NsmaSelector.fromNoise(from.readFloat(), from.readFloat())
        val raw = readRaw(isStatic)
        try {
            val frame = NsmaDenoiser(raw, choice)
            to.writeInt(0)
            to.writeInt(frame.tiles)
            when (mode) {
                0 -> frame.denoise(Network)
                1 -> denoiseInThreads(frame)
                else -> wrongCalls(frame).forEach { to.writeInt(it.ordinal) }
            }
            if (mode < 2) {
                frame.finishFloat().forEach { to.writeFloat(it) }
                val factor = NsmaDenoiser.factor(raw.white)
                frame.finish(factor).forEach { to.writeShort(it.toInt()) }
            }
        } catch (e: NsmaException) { to.writeInt(e.status.ordinal) }
        to.flush()
    }
}
