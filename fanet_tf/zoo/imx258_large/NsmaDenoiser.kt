// imx258_large: from a camera's RAW buffer to the network's tiles, and back.
//
// Written by fanet-export from manifest.json; the twin of nsma_denoise.h. It
// gives what `fanet-denoise --tile=manifest` gives, with `--shading` and with a
// list of `--defects` too; docs/android.md has an example. Plain Kotlin: it
// runs on any JVM, so an app can test it.

import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.math.abs
import kotlin.math.ceil
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
    const val NAME = "imx258_large"
    /** Of manifest.json as sorted, compact JSON without `files`. */
    const val SHA256 =
        "4d21e0ada742ecb6a5356c36b27f596c7f8f1e44f59306a029f922c1f8f75c57"
    /** Of the tile [1, height, width, 4]: R, Gr, Gb, B, packed pixels. */
    const val TILE_HEIGHT = 768
    const val TILE_WIDTH = 768
    const val TILE_FLOATS = 4 * TILE_HEIGHT * TILE_WIDTH
    /** Packed pixels that are thrown away between tiles. */
    const val HALO = 112
    /** Tiles start at its multiples. */
    const val STRIDE = 16
    /** Packed pixels that are mirrored in at each side of the frame. */
    const val MIRRORED = 16
    const val SIGNATURE = "serving_default"
    const val NOISY = "noisy"
    const val SCALE = "scale"
    const val OFFSET = "offset"
    const val DENOISED = "denoised"
    /** Whether a member was trained on noise that is clipped at black. */
    val IS_CLIPPED = booleanArrayOf(false)
    val FILES = listOf(
        NsmaFile(
            0, "float16", "member_0_float16.tflite",
            "192f89f243c7a3599fda2b07b081a83e289fc788d3258aaa4e4f51a79815fe9b"
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
 *
 * [shading] are the gains that the frame was multiplied by, if it was, as
 * `LensShadingMap.copyGainFactors` writes them: [shadingRows] x
 * [shadingColumns] x 4 of R, green in the buffer's even rows, green in its odd
 * rows, B. The outer points lie on the outer pixels of the area. [defects] are
 * the row and the column of defective pixels of the buffer; others than the
 * area's are passed over.
 */
class NsmaRaw(
    val data: ByteBuffer, val rowBytes: Int,
    val width: Int, val height: Int,
    val format: Int, val cfa: Int,
    black: FloatArray, val white: Float,
    val left: Int = 0, val top: Int = 0,
    shading: FloatArray? = null,
    val shadingRows: Int = 0, val shadingColumns: Int = 0,
    val defects: List<Pair<Int, Int>> = emptyList()
) {
    val black: FloatArray = black.copyOf()
    val shading: FloatArray? = shading?.copyOf()

    internal fun check(): NsmaStatus {
        if (cfa !in 0..3) return NsmaStatus.BAD_CFA
        if (listOf(width, height).any { it !in 1..32767 } ||
            listOf(left, top).any { it !in 0..32767 }
        ) return NsmaStatus.BAD_SIZE
        if (black.size != 4 || black.any { !(it >= 0.0f && it < white) } ||
            !(white <= 65535.0f)
        ) return NsmaStatus.BAD_LEVELS
        if (format != RAW16 && format != RAW10 && format != RAW12)
            return NsmaStatus.BAD_FORMAT
        val needed = neededRowBytes()
        // The last row may end where its pixels end.
        val rows = top.toLong() + height - 1
        if (rowBytes < needed || rows * rowBytes + needed > data.limit())
            return NsmaStatus.SHORT_BUFFER
        if (shading != null && !isShadingGood(shading))
            return NsmaStatus.BAD_SHADING
        if (defects.any { it.first < 0 || it.second < 0 } ||
            defects.toSet().size != defects.size
        ) return NsmaStatus.BAD_DEFECTS
        return NsmaStatus.OK
    }

    private fun neededRowBytes() = when (format) {
        RAW16 -> 2 * (left + width)
        RAW10 -> (left + width + 3) / 4 * 5
        else -> (left + width + 1) / 2 * 3
    }

    /** A turned map has its longer side where the frame has its shorter. */
    private fun isShadingGood(gains: FloatArray) =
        shadingRows in 2..min(64, height) &&
            shadingColumns in 2..min(64, width) &&
            !(shadingRows > shadingColumns && height < width) &&
            !(shadingRows < shadingColumns && height > width) &&
            gains.size == 4 * shadingRows * shadingColumns &&
            gains.all { it >= 1.0f && it <= 16.0f }

    /** Unpacks the area. */
    internal fun counts(): ShortArray {
        val counts = ShortArray(width * height)
        val line = ByteArray(neededRowBytes())
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
         * @param width of the area, which is the whole image if `left` and
         *     `top` are 0
         * @param height of the area
         * @param format of the image
         * @param cfa SENSOR_INFO_COLOR_FILTER_ARRANGEMENT, if `left` and `top`
         *     are even
         * @param blackPattern SENSOR_BLACK_LEVEL_PATTERN, by `copyTo`
         * @param whiteLevel SENSOR_INFO_WHITE_LEVEL
         * @param dynamicBlack SENSOR_DYNAMIC_BLACK_LEVEL, or null
         * @param dynamicWhite SENSOR_DYNAMIC_WHITE_LEVEL, or null
         * @param left the first column of the area
         * @param top the first row of the area
         * @param shading STATISTICS_LENS_SHADING_CORRECTION_MAP, by
         *     `copyGainFactors`, if SENSOR_INFO_LENS_SHADING_APPLIED is true;
         *     else null
         * @param shadingRows `rowCount` of the map
         * @param shadingColumns `columnCount` of the map
         * @param defects STATISTICS_HOT_PIXEL_MAP as `it.y to it.x`, or a list
         *     of one's own
         */
        fun from(
            data: ByteBuffer, rowStride: Int, width: Int, height: Int,
            format: Int, cfa: Int, blackPattern: IntArray, whiteLevel: Int,
            dynamicBlack: FloatArray? = null, dynamicWhite: Int? = null,
            left: Int = 0, top: Int = 0,
            shading: FloatArray? = null,
            shadingRows: Int = 0, shadingColumns: Int = 0,
            defects: List<Pair<Int, Int>> = emptyList()
        ): NsmaRaw {
            val pattern = FloatArray(blackPattern.size) {
                blackPattern[it].toFloat()
            }
            return NsmaRaw(
                data, rowStride, width, height, format, cfa,
                dynamicBlack ?: pattern, (dynamicWhite ?: whiteLevel).toFloat(),
                left, top, shading = shading,
                shadingRows = shadingRows, shadingColumns = shadingColumns,
                defects = defects
            )
        }
    }
}

/**
 * Denoises one frame: [fill], the network, [take] for each of [tiles] in any
 * order and from any thread, then [finish]. It takes 6 bytes a pixel.
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

    /** The gains of a shading map. */
    private class Shading(
        private val gains: FloatArray, private val raw: NsmaRaw, firstRow: Int
    ) {
        // Gr lies in the rows of red.
        private val greenOfRed = 1 + (raw.top + firstRow) % 2
        private val channels = intArrayOf(0, greenOfRed, 3 - greenOfRed, 3)
        val lowest: Float = gains.reduce { one, other -> min(one, other) }
        val highest: Float = gains.reduce { one, other -> max(one, other) }

        /** The gain of a pixel of the area, linear between the points. */
        fun at(plane: Int, row: Int, column: Int): Float {
            val y = row * step(raw.height, raw.shadingRows)
            val x = column * step(raw.width, raw.shadingColumns)
            val top = min(y.toInt(), raw.shadingRows - 2)
            val left = min(x.toInt(), raw.shadingColumns - 2)
            fun line(column: Int): Float {
                val next = 4 * raw.shadingColumns
                val at = top * next + 4 * column + channels[plane]
                return gains[at] + (y - top) * (gains[at + next] - gains[at])
            }
            val low = line(left)
            return low + (x - left) * (line(left + 1) - low)
        }

        private fun step(size: Int, lines: Int) =
            (lines - 1).toFloat() / max(size - 1, 1).toFloat()
    }

    private val width = raw.width
    private val height = raw.height
    private val firstRow = raw.cfa / 2
    private val firstColumn = raw.cfa % 2
    /** Of the noise alone, and of the brightness, too. */
    private val noise: NsmaChoice
    private val choice: NsmaChoice
    private val counts: ShortArray
    private val black = FloatArray(4)
    private val span = FloatArray(4)
    private val saturated = ceil(raw.white).toInt()
    private val shading: Shading?
    private val rows: Axis
    private val columns: Axis
    private val isTaken: Array<AtomicBoolean>
    private val mosaic: FloatArray

    init {
        require(choice.status)
        noise = NsmaSelector.fromNoise(choice.a, choice.b, choice.previous)
        require(noise.status)
        require(raw.check())
        rows = Axis((height + firstRow + 1) / 2, NsmaBundle.TILE_HEIGHT)
        columns = Axis((width + firstColumn + 1) / 2, NsmaBundle.TILE_WIDTH)
        counts = raw.counts()
        for (plane in 0..3) {
            val place = 2 * (firstRow xor plane / 2) +
                (firstColumn xor plane % 2)
            black[plane] = raw.black[place]
            span[plane] = raw.white - black[plane]
        }
        val map = raw.shading
        shading = if (map == null) null else Shading(map, raw, firstRow)
        isTaken = Array(rows.count * columns.count) { AtomicBoolean() }
        mosaic = FloatArray(width * height)
        correct(
            raw.defects.map { it.first - raw.top to it.second - raw.left }
                .filter { it.first in 0 until height }
                .filter { it.second in 0 until width },
            raw.white
        )
        this.choice =
            if (NsmaSelector.REFERENCE_SIGNAL <= 0.0f) noise
            else NsmaSelector.atSignal(noise, signal())
    }

    /** The number of tiles; they are numbered from 0, row by row. */
    val tiles: Int get() = isTaken.size

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

    /** The gain of a pixel of the area. */
    private fun gain(row: Int, column: Int) =
        shading?.at(planeOf(row, column), row, column) ?: 1.0f

    private fun planeOf(row: Int, column: Int) =
        2 * ((row + firstRow) % 2) + (column + firstColumn) % 2

    private fun valueOf(count: Int, plane: Int) =
        (count.toFloat() - black[plane]) / span[plane]

    private fun rowOf(y: Int, plane: Int) =
        reflect(2 * y - firstRow + plane / 2, height)

    private fun columnOf(x: Int, plane: Int) =
        reflect(2 * x - firstColumn + plane % 2, width)

    private fun deviation(x: Float) =
        sqrt(noise.a * max(x, 0.0f) + noise.b)

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
        if (there <= 5 || 1000 * there <= size || there == size)
            return -Float.MAX_VALUE
        // With a shading map it varies; this is the highest it was.
        val floor = valueOf(lowest, plane)
        return if (floor > 0.0f) floor / (shading?.lowest ?: 1.0f)
        else floor / (shading?.highest ?: 1.0f)
    }

    /**
     * The signal of every eighth cell down and across: how bright the frame is
     * for the choice of its member.
     */
    private fun signal(): Float {
        var total = 0.0
        var square = 0.0
        var size = 0.0
        for (top in 0..height - 2 step 2 * 8)
            for (left in 0..width - 2 step 2 * 8)
                for (i in 0..3) {
                    val row = top + i / 2
                    val column = left + i % 2
                    val plane = planeOf(row, column)
                    var value = count(row, column).toDouble()
                    value = (value - black[plane]) / span[plane]
                    value /= gain(row, column)
                    total += value
                    square += value * value
                    size += 1.0
                }
        if (size == 0.0) return 0.2f
        val signal = square / size - noise.a * (total / size) - noise.b
        return sqrt(max(signal, 0.0))
            .coerceIn(0.0001, 0.2).toFloat()
    }

    /**
     * Replaces defective pixels by the means of opposite neighbours, weighted
     * towards the direction of least change: of a cluster the rim, then what is
     * inside.
     */
    private fun correct(defects: List<Pair<Int, Int>>, white: Float) {
        var left = defects.map { it.first * width + it.second }.toSet()
        while (true) {
            val found = left.associateWith {
                corrected(it / width, it % width, left, white)
            }.filterValues { it >= 0 }
            if (found.isEmpty()) return
            found.forEach { (at, count) -> counts[at] = count.toShort() }
            left = left - found.keys
        }
    }

    /** A step from a pixel; back where there is nothing ahead. */
    private fun step(i: Int, by: Int, size: Int): Int {
        val there = if (i + by in 0 until size) i + by else i - by
        return if (there in 0 until size) there else i
    }

    /** Returns what replaces a pixel; -1 if it has no good neighbour. */
    private fun corrected(
        row: Int, column: Int, defects: Set<Int>, white: Float
    ): Int {
        val plane = planeOf(row, column)
        fun read(at: Int) = 1.0f +
            (count(at / width, at % width).toFloat() - white) /
            span[planeOf(at / width, at % width)]
        val means = FloatArray(4)
        val changes = FloatArray(4)
        val isUsable = BooleanArray(4) { true }
        var sum = 0.0f
        var number = 0
        for (i in 0..3) {
            val far = FloatArray(2)
            val near = FloatArray(2)
            for (side in 0..1) {
                val down = (2 * side - 1) * STEPS[2 * i]
                val right = (2 * side - 1) * STEPS[2 * i + 1]
                near[side] = read(
                    step(row, down, height) * width +
                        step(column, right, width)
                )
                val place = step(row, 2 * down, height) * width +
                    step(column, 2 * right, width)
                far[side] = read(place)
                if (place in defects) isUsable[i] = false
                else {
                    sum += far[side]
                    ++number
                }
            }
            means[i] = 0.5f * (far[0] + far[1])
            changes[i] = (far[0] - far[1]) * (far[0] - far[1]) +
                (near[0] - near[1]) * (near[0] - near[1])
        }
        if (number == 0) return -1
        var total = sum.toDouble() / number
        val gain = gain(row, column)
        val expected = 4.0 * (gain.toDouble() *
            (noise.a * max(total, 0.0) + (noise.b * gain).toDouble()))
        var weights = 0.0
        var directed = 0.0
        for (i in 0..3) if (isUsable[i]) {
            val weight = 1.0 / (changes[i].toDouble() + expected + 1e-12)
            weights += weight
            directed += weight * means[i]
        }
        if (weights > 0.0) total = directed / weights
        return Math.rint(white + (total - 1.0) * span[plane])
            .coerceIn(0.0, 65535.0).toInt()
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
                    val row = rowOf(top + y, plane)
                    val column = columnOf(left + x, plane)
                    var value = min(valueOf(count(row, column), plane), 1.0f)
                    if (isClipped && value < 0.0f) value = 0.0f
                    noisy[i++] = value / gain(row, column)
                }
    }

    /** Whether a saturated pixel has none but saturated neighbours. */
    private fun isInner(top: Int, left: Int, y: Int, x: Int, plane: Int) =
        (max(y - 1, top)..min(y + 1, top + NsmaBundle.TILE_HEIGHT - 1)).all {
            i ->
            (max(x - 1, left)..min(x + 1, left + NsmaBundle.TILE_WIDTH - 1))
                .all { j ->
                    count(rowOf(i, plane), columnOf(j, plane)) >= saturated
                }
        }

    /**
     * Takes the kept part of the output `denoised`. Where the frame is above
     * white the excess is added again, and inside of saturated areas it stays
     * as it is. If the output is refused, nothing of it is kept.
     */
    fun take(tile: Int, denoised: FloatArray) {
        check(tile, denoised)
        require(!isTaken[tile].get(), NsmaStatus.TILE_TWICE)
        for (i in 0 until NsmaBundle.TILE_FLOATS)
            require(
                denoised[i] >= -16.0f && denoised[i] <= 16.0f,
                NsmaStatus.BAD_OUTPUT
            )
        require(!isTaken[tile].getAndSet(true), NsmaStatus.TILE_TWICE)
        val top = rows.start(tile / columns.count)
        val left = columns.start(tile % columns.count)
        val down = rows.kept(tile / columns.count)
        val across = columns.kept(tile % columns.count)
        for (y in down) for (x in across) {
            val at = 4 * ((y - top) * NsmaBundle.TILE_WIDTH + x - left)
            for (plane in 0..3) {
                val row = 2 * y - firstRow + plane / 2
                val column = 2 * x - firstColumn + plane % 2
                if (row !in 0 until height || column !in 0 until width) continue
                var value = denoised[at + plane]
                val count = count(row, column)
                if (count >= saturated) {
                    val excess = valueOf(count, plane) - 1.0f
                    val gain = gain(row, column)
                    value =
                        if (isInner(top, left, y, x, plane)) (1 + excess) / gain
                        else value + excess / gain
                }
                mosaic[row * width + column] = value
            }
        }
    }

    /**
     * Measures what was taken from the mean of each plane, in deviations of
     * the noise, over blocks of 8 x 8 of its pixels from the area's upper left
     * corner.
     */
    private fun shifts(): FloatArray {
        require(isTaken.all { it.get() }, NsmaStatus.TILE_MISSING)
        return FloatArray(4, ::shift)
    }

    private fun shift(plane: Int): Float {
        val floor = floorOf(plane)
        val firstRow = firstRow xor plane / 2
        val firstColumn = firstColumn xor plane % 2
        var taken = 0.0
        var deviations = 0.0
        var blocks = 0L
        for (top in 0..height - 16 step 16) for (left in 0..width - 16 step 16) {
            var noisy = 0.0
            var denoised = 0.0
            var white = 0.0
            for (row in top + firstRow until top + 16 step 2)
                for (column in left + firstColumn until left + 16 step 2) {
                    val gain = gain(row, column).toDouble()
                    noisy += valueOf(count(row, column), plane) / gain
                    denoised += mosaic[row * width + column].toDouble()
                    white += 1.0 / gain
                }
            val mean = (noisy / 64.0).toFloat()
            val deviation = deviation(mean)
            if (mean - 4.0f * deviation > floor &&
                mean + 4.0f * deviation < white / 64.0
            ) {
                taken += (noisy - denoised) / 64.0
                deviations += deviation.toDouble()
                ++blocks
            }
        }
        val shift = if (blocks >= 64) taken / deviations else 0.0
        return shift.coerceIn(-0.25, 0.25).toFloat()
    }

    private fun counts(shifts: FloatArray, row: Int, column: Int): Float {
        val plane = planeOf(row, column)
        val gain = gain(row, column)
        var x = mosaic[row * width + column]
        val moved = (x + shifts[plane] * deviation(x)) * gain
        x *= gain
        if (x < 1.0f - 1e-6f) x = min(moved, 1.0f)
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
        /** Rows and columns of the four directions of [corrected]. */
        private val STEPS = intArrayOf(0, 1, 1, 0, 1, 1, 1, -1)

        /** The largest power of two whose counts of white fit 16 bits. */
        fun factor(white: Float): Int {
            var factor = 1
            while (2 * factor * white <= 65535.0f && factor < 65536) factor *= 2
            return factor
        }
    }
}
