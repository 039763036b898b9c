// imx258: from a camera's RAW buffer to the network's tiles, and back.
//
// Written by fanet-export from manifest.json; the twin of nsma_denoise.h. It
// gives what `fanet-denoise --tile=manifest` gives; docs/android.md has an
// example. Plain Kotlin: it runs on any JVM, so an app can test it.

import java.nio.ByteBuffer
import kotlin.math.abs
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

class NsmaException(val status: NsmaStatus) :
    IllegalArgumentException(status.text)

/** A flatbuffer of the bundle. */
data class NsmaFile(
    val member: Int, val recipe: String, val file: String, val sha256: String
)

/** What runs a member: `CompiledModel`, `Interpreter` or a test. */
interface NsmaNetwork {
    /**
     * Runs [member] on a tile and returns its output `denoised`. Bind the
     * inputs by the names in [NsmaBundle]: their order differs from file to
     * file. [scale] and [offset] are [1, 1, 1, 1].
     */
    fun run(
        member: Int, noisy: FloatArray, scale: Float, offset: Float
    ): FloatArray
}

/** What the manifest says. */
object NsmaBundle {
    const val NAME = "imx258"
    /** Of manifest.json as sorted, compact JSON without `files`. */
    const val SHA256 =
        "e20539cc76ce8a63ffec2fc00fe481572d57c7a8c68e1de62547e18b626b3b19"
    /** Of the tile [1, height, width, 4]: R, Gr, Gb, B, packed pixels. */
    const val TILE_HEIGHT = 384
    const val TILE_WIDTH = 384
    const val TILE_FLOATS = 4 * TILE_HEIGHT * TILE_WIDTH
    /** Packed pixels that are thrown away between tiles. */
    const val HALO = 28
    /** Tiles start at its multiples. */
    const val STRIDE = 8
    /** Packed pixels that are mirrored in at each side of the frame. */
    const val MIRRORED = 16
    const val SIGNATURE = "serving_default"
    const val NOISY = "noisy"
    const val SCALE = "scale"
    const val OFFSET = "offset"
    const val DENOISED = "denoised"
    /** Whether a member was trained on noise that is clipped at black. */
    val IS_CLIPPED = booleanArrayOf(false, false, false, false)
    val FILES = listOf(
        NsmaFile(
            0, "float16", "member_0_float16.tflite",
            "551b9274eb95bbb15c39de6b8d8ed6118e37778249d4469119cc2e8aab46e9fd"
        ),
        NsmaFile(
            0, "dynamic_wi8_afp32", "member_0_dynamic_wi8_afp32.tflite",
            "7d5eccb152499621c25a256c8d183f2359630fa2a5ccdb8063604000fd615047"
        ),
        NsmaFile(
            1, "float16", "member_1_float16.tflite",
            "6940b00c916b35b7e45475df6cd467acd1661bb6afe6951c4d3d589b84e8b1c6"
        ),
        NsmaFile(
            1, "dynamic_wi8_afp32", "member_1_dynamic_wi8_afp32.tflite",
            "e2f334db128f5eb3b67eb4b5e922ce87c149a1c6f1c64bb571d20dba7141ccb4"
        ),
        NsmaFile(
            2, "float16", "member_2_float16.tflite",
            "e3880eddf242446bcae83c59761ca287ff3e4be19feacb5f4a79e34e61d67c1c"
        ),
        NsmaFile(
            2, "dynamic_wi8_afp32", "member_2_dynamic_wi8_afp32.tflite",
            "0ae590599c2d2114598f8d80bc6f0a9007c000efd400f40c72e95a93ddbd6d87"
        ),
        NsmaFile(
            3, "float16", "member_3_float16.tflite",
            "34a9d1e706b6ad973ab431e56e71a350a781d9b00ea977471a87a8caea410480"
        ),
        NsmaFile(
            3, "dynamic_wi8_afp32", "member_3_dynamic_wi8_afp32.tflite",
            "db0b01123376084abd5f3b3c5cc13d0c59cabd390e6726d853ab264e9d1210e8"
        )
    )
}

/**
 * A RAW frame as the camera gives it.
 *
 * The area to denoise is [left], [top], [width] and [height], in pixels of the
 * buffer; [cfa] and [black] are those of its upper left corner, [black] in
 * reading order of the 2 x 2 cell. [data] is read from its first byte to its
 * limit; its position does not count.
 */
class NsmaRaw(
    val data: ByteBuffer, val rowBytes: Int,
    val width: Int, val height: Int,
    val format: Int, val cfa: Int,
    black: FloatArray, val white: Float,
    val left: Int = 0, val top: Int = 0
) {
    val black: FloatArray = black.copyOf()

    internal fun check(): NsmaStatus {
        val sides = listOf(left + 1, top + 1, width, height)
        if (cfa !in 0..3) return NsmaStatus.BAD_CFA
        if (left !in 0..32767 || top !in 0..32767 ||
            sides.any { it < 1 || it > 32768 } ||
            width > 32767 || height > 32767
        ) return NsmaStatus.BAD_SIZE
        if (black.size != 4 || black.any { !(it >= 0.0f && it < white) } ||
            !(white <= 65535.0f)
        ) return NsmaStatus.BAD_LEVELS
        val columns = left + width
        val needed = when (format) {
            RAW16 -> 2 * columns
            RAW10 -> (columns + 3) / 4 * 5
            RAW12 -> (columns + 1) / 2 * 3
            else -> return NsmaStatus.BAD_FORMAT
        }
        // The last row may end where its pixels end.
        val rows = top.toLong() + height - 1
        if (rowBytes < needed || rows * rowBytes + needed > data.limit())
            return NsmaStatus.SHORT_BUFFER
        return NsmaStatus.OK
    }

    /** Unpacks the area. */
    internal fun counts(): ShortArray {
        val counts = ShortArray(width * height)
        val needed = when (format) {
            RAW16 -> 2 * (left + width)
            RAW10 -> (left + width + 3) / 4 * 5
            else -> (left + width + 1) / 2 * 3
        }
        val line = ByteArray(needed)
        val bytes = data.duplicate()
        fun byte(i: Int) = line[i].toInt() and 255
        for (row in 0 until height) {
            bytes.position((top + row) * rowBytes)
            bytes.get(line)
            for (column in 0 until width) {
                val x = left + column
                counts[row * width + column] = when (format) {
                    RAW16 -> byte(2 * x) or (byte(2 * x + 1) shl 8)
                    RAW10 -> {
                        val low = byte(x / 4 * 5 + 4) shr 2 * (x % 4)
                        (byte(x / 4 * 5 + x % 4) shl 2) or (low and 3)
                    }
                    else -> {
                        val low = byte(x / 2 * 3 + 2) shr 4 * (x % 2)
                        (byte(x / 2 * 3 + x % 2) shl 4) or (low and 15)
                    }
                }.toShort()
            }
        }
        return counts
    }

    companion object {
        /** ImageFormat.RAW_SENSOR, little-endian; RAW10 and RAW12. */
        const val RAW16 = 32
        const val RAW10 = 37
        const val RAW12 = 38

        /**
         * From the values of Camera2, the dynamic ones where they are there.
         *
         * @param data `image.planes[0].buffer`
         * @param rowStride `image.planes[0].rowStride`
         * @param width of the image
         * @param height of the image
         * @param format of the image
         * @param cfa SENSOR_INFO_COLOR_FILTER_ARRANGEMENT
         * @param blackPattern SENSOR_BLACK_LEVEL_PATTERN, by `copyTo`
         * @param whiteLevel SENSOR_INFO_WHITE_LEVEL
         * @param dynamicBlack SENSOR_DYNAMIC_BLACK_LEVEL, or null
         * @param dynamicWhite SENSOR_DYNAMIC_WHITE_LEVEL, or null
         */
        fun from(
            data: ByteBuffer, rowStride: Int, width: Int, height: Int,
            format: Int, cfa: Int, blackPattern: IntArray, whiteLevel: Int,
            dynamicBlack: FloatArray? = null, dynamicWhite: Int? = null
        ): NsmaRaw {
            val pattern = FloatArray(blackPattern.size) {
                blackPattern[it].toFloat()
            }
            return NsmaRaw(
                data, rowStride, width, height, format, cfa,
                dynamicBlack ?: pattern, (dynamicWhite ?: whiteLevel).toFloat()
            )
        }
    }
}

/**
 * Denoises one frame: [fill], the network, [take] for each of [tiles] in any
 * order and from any thread, then [finish]. Takes 6 bytes a pixel.
 *
 * @throws NsmaException if the frame or its noise is refused
 */
class NsmaDenoiser(raw: NsmaRaw, choice: NsmaChoice) {
    /** Tiles along one axis, in packed pixels. */
    private class Axis(val size: Int, side: Int) {
        private val step =
            (side - 2 * NsmaBundle.HALO) / NsmaBundle.STRIDE * NsmaBundle.STRIDE
        private val last: Int
        val count: Int

        init {
            val stride = NsmaBundle.STRIDE
            var padded = (size + stride - 1) / stride * stride
            padded += 2 * NsmaBundle.MIRRORED
            last = max(padded, side) - side
            var tiles = 1 + (last + step - 1) / step
            // Tiles that would keep nothing but what is mirrored.
            while (tiles > 1 && start(tiles - 1) + NsmaBundle.HALO >= size)
                --tiles
            count = tiles
        }

        fun start(i: Int) = min(i * step, last) - NsmaBundle.MIRRORED

        /** The kept part of tile [i]. */
        fun kept(i: Int): IntRange {
            val from = if (i == 0) 0 else start(i) + NsmaBundle.HALO
            val to =
                if (i == count - 1) size
                else min(start(i + 1) + NsmaBundle.HALO, size)
            return from until to
        }
    }

    /** What one tile says of the means. */
    private class Means {
        val taken = DoubleArray(4)
        val deviations = DoubleArray(4)
        val blocks = IntArray(4)
    }

    private val width = raw.width
    private val height = raw.height
    private val firstRow = raw.cfa / 2
    private val firstColumn = raw.cfa % 2
    private val choice: NsmaChoice
    private val counts: ShortArray
    private val black = FloatArray(4)
    private val span = FloatArray(4)
    private val floors = FloatArray(4)
    private val rows: Axis
    private val columns: Axis
    private val means: Array<Means?>
    private val mosaic: FloatArray

    init {
        require(choice.status)
        this.choice =
            NsmaSelector.fromNoise(choice.a, choice.b, choice.member)
        require(this.choice.status)
        require(raw.check())
        rows = Axis((height + firstRow + 1) / 2, NsmaBundle.TILE_HEIGHT)
        columns = Axis((width + firstColumn + 1) / 2, NsmaBundle.TILE_WIDTH)
        counts = raw.counts()
        for (plane in 0..3) {
            val place = 2 * (firstRow xor plane / 2) +
                (firstColumn xor plane % 2)
            black[plane] = raw.black[place]
            span[plane] = raw.white - black[plane]
            floors[plane] = floorOf(plane)
        }
        means = arrayOfNulls(rows.count * columns.count)
        mosaic = FloatArray(width * height)
    }

    /** The number of tiles; they are numbered from 0, row by row. */
    val tiles: Int get() = means.size

    /** The member that is to run, and its inputs `scale` and `offset`. */
    val member: Int get() = choice.member
    val scale: Float get() = choice.scale
    val offset: Float get() = choice.offset

    private fun require(status: NsmaStatus) {
        if (status != NsmaStatus.OK) throw NsmaException(status)
    }

    private fun require(isGood: Boolean, status: NsmaStatus) {
        if (!isGood) throw NsmaException(status)
    }

    private fun count(row: Int, column: Int) =
        counts[row * width + column].toInt() and 65535

    /** Mirrors about the outer pixels, which keeps the colours in place. */
    private fun reflect(i: Int, size: Int): Int {
        if (i in 0 until size) return i
        if (size == 1) return 0
        val inside = abs(i) % (2 * (size - 1))
        return if (inside < size) inside else 2 * (size - 1) - inside
    }

    private fun value(y: Int, x: Int, plane: Int): Float {
        val row = reflect(2 * y - firstRow + plane / 2, height)
        val column = reflect(2 * x - firstColumn + plane % 2, width)
        return (count(row, column).toFloat() - black[plane]) / span[plane]
    }

    private fun deviation(x: Float) =
        sqrt(choice.a * max(x, 0.0f) + choice.b)

    /** Where a plane is clipped in the shadows, so that noise has a mean. */
    private fun floorOf(plane: Int): Float {
        var lowest = 65536
        var there = 0L
        var size = 0L
        for (row in (firstRow xor plane / 2) until height step 2)
            for (column in (firstColumn xor plane % 2) until width step 2) {
                val count = count(row, column)
                if (count < lowest) {
                    lowest = count
                    there = 0
                }
                if (count == lowest) ++there
                ++size
            }
        if (there > 5 && 1000 * there > size && there < size)
            return (lowest.toFloat() - black[plane]) / span[plane]
        return -Float.MAX_VALUE
    }

    private fun check(tile: Int, floats: FloatArray) {
        require(tile in 0 until tiles, NsmaStatus.BAD_TILE)
        require(floats.size >= NsmaBundle.TILE_FLOATS, NsmaStatus.SHORT_BUFFER)
    }

    /** Writes a tile for the input `noisy`. */
    fun fill(tile: Int, noisy: FloatArray) {
        check(tile, noisy)
        val top = rows.start(tile / columns.count)
        val left = columns.start(tile % columns.count)
        val isClipped = NsmaBundle.IS_CLIPPED[choice.member]
        var i = 0
        for (y in 0 until NsmaBundle.TILE_HEIGHT)
            for (x in 0 until NsmaBundle.TILE_WIDTH)
                for (plane in 0..3) {
                    var value = min(value(top + y, left + x, plane), 1.0f)
                    if (isClipped && value < 0.0f) value = 0.0f
                    noisy[i++] = value
                }
    }

    /** Whether a saturated pixel has none but saturated neighbours. */
    private fun isInner(top: Int, left: Int, y: Int, x: Int, plane: Int) =
        (max(y - 1, top)..min(y + 1, top + NsmaBundle.TILE_HEIGHT - 1)).all {
            i ->
            (max(x - 1, left)..min(x + 1, left + NsmaBundle.TILE_WIDTH - 1))
                .all { j -> value(i, j, plane) >= 1.0f }
        }

    /**
     * Takes the kept part of the output `denoised`. Where the frame is above
     * white the excess is added again, and inside of saturated areas it stays
     * as it is. If the output is refused, nothing of it is kept.
     */
    fun take(tile: Int, denoised: FloatArray) {
        check(tile, denoised)
        require(means[tile] == null, NsmaStatus.TILE_TWICE)
        for (i in 0 until NsmaBundle.TILE_FLOATS)
            require(
                denoised[i] >= -16.0f && denoised[i] <= 16.0f,
                NsmaStatus.BAD_OUTPUT
            )
        val top = rows.start(tile / columns.count)
        val left = columns.start(tile % columns.count)
        val down = rows.kept(tile / columns.count)
        val across = columns.kept(tile % columns.count)
        val record = Means()
        val before = DoubleArray(4)
        val after = DoubleArray(4)
        // Blocks of 8 x 8 packed pixels, as the means are measured.
        for (blockTop in down step 8) for (blockLeft in across step 8) {
            val bottom = min(blockTop + 7, down.last)
            val right = min(blockLeft + 7, across.last)
            before.fill(0.0)
            after.fill(0.0)
            for (y in blockTop..bottom) for (x in blockLeft..right) {
                val at = 4 * ((y - top) * NsmaBundle.TILE_WIDTH + x - left)
                for (plane in 0..3) {
                    val noisy = value(y, x, plane)
                    var value = denoised[at + plane]
                    if (noisy >= 1.0f)
                        value =
                            if (isInner(top, left, y, x, plane)) noisy
                            else value + (noisy - 1.0f)
                    before[plane] += noisy.toDouble()
                    after[plane] += value.toDouble()
                    val row = 2 * y - firstRow + plane / 2
                    val column = 2 * x - firstColumn + plane % 2
                    if (row in 0 until height && column in 0 until width)
                        mosaic[row * width + column] = value
                }
            }
            if (bottom - blockTop < 7 || right - blockLeft < 7) continue
            for (plane in 0..3) {
                val mean = (before[plane] / 64.0).toFloat()
                val deviation = deviation(mean)
                if (mean - 4.0f * deviation > floors[plane] &&
                    mean + 4.0f * deviation < 1.0f
                ) {
                    record.taken[plane] +=
                        (before[plane] - after[plane]) / 64.0
                    record.deviations[plane] += deviation.toDouble()
                    ++record.blocks[plane]
                }
            }
        }
        means[tile] = record
    }

    /** What was taken from the mean of each plane, in deviations. */
    private fun shifts(): FloatArray {
        require(means.all { it != null }, NsmaStatus.TILE_MISSING)
        val records = means.filterNotNull()
        return FloatArray(4) { plane ->
            val taken = records.map { it.taken[plane] }.sum()
            val deviations = records.map { it.deviations[plane] }.sum()
            val enough = records.map { it.blocks[plane] }.sum() >= 64
            val shift = if (enough) taken / deviations else 0.0
            min(max(shift, -0.25), 0.25).toFloat()
        }
    }

    private fun counts(shifts: FloatArray, row: Int, column: Int): Float {
        val plane = 2 * ((row + firstRow) % 2) + (column + firstColumn) % 2
        var x = mosaic[row * width + column]
        if (x < 1.0f) x = min(x + shifts[plane] * deviation(x), 1.0f)
        return x * span[plane] + black[plane]
    }

    /**
     * Returns the denoised area, row by row, as [factor] times the counts of
     * the sensor, rounded, unsigned. Use 1 for DngCreator, else
     * `NsmaDenoiser.factor(white)`. Black and white grow with it.
     */
    fun finish(factor: Int = 1): ShortArray {
        require(factor >= 1, NsmaStatus.BAD_FACTOR)
        val shifts = shifts()
        return ShortArray(width * height) {
            val counts = counts(shifts, it / width, it % width)
            Math.rint((counts * factor.toFloat()).toDouble())
                .coerceIn(0.0, 65535.0).toInt().toShort()
        }
    }

    /** The same in counts of the sensor, not rounded. */
    fun finishFloat(): FloatArray {
        val shifts = shifts()
        return FloatArray(width * height) {
            counts(shifts, it / width, it % width)
        }
    }

    /** Denoises all tiles with a network, one after the other. */
    fun denoise(network: NsmaNetwork) {
        val noisy = FloatArray(NsmaBundle.TILE_FLOATS)
        for (tile in 0 until tiles) {
            fill(tile, noisy)
            take(tile, network.run(member, noisy, scale, offset))
        }
    }

    companion object {
        /** The largest power of two whose counts of white fit 16 bits. */
        fun factor(white: Float): Int {
            var factor = 1
            while (2 * factor * white <= 65535.0f && factor < 65536) factor *= 2
            return factor
        }
    }
}
