"""The code that docs/android.md prints compiles as it is printed."""

import re
import subprocess

import app_code
import pytest
from app_code import STRICT
from helpers import ROOT

from fanet_tf.denoising import bundle

PAGE = ROOT / "docs/android.md"

_C = """
#include "nsma_denoise.h"
NsmaStatus page(const uint8_t *data, size_t bytes, size_t row_stride,
                int32_t width, int32_t height, const float *black,
                const float *gains, int32_t rows, int32_t columns,
                const NsmaChoice *choice, NsmaPlan *plan);
NsmaStatus page(const uint8_t *data, size_t bytes, size_t row_stride,
                int32_t width, int32_t height, const float *black,
                const float *gains, int32_t rows, int32_t columns,
                const NsmaChoice *choice, NsmaPlan *plan) {
  int i;
  %s
  return nsma_plan(&raw, choice, plan);
}
"""

# What the page uses of Android, with the platform's types.
_ANDROID = {
    "android/content/res/AssetManager": "public final class AssetManager {}",
    "android/util/Pair": """
        public class Pair<F, S> { public final F first; public final S second;
          public Pair(F f, S s) { first = f; second = s; } }""",
    "android/util/Size": """
        public final class Size { public Size(int width, int height) {} }""",
    "android/util/Range": """
        public final class Range<T extends Comparable<? super T>> {
          public T getLower() { return null; } }""",
    "android/media/Image": """
        public abstract class Image {
          public abstract int getFormat();
          public abstract int getWidth();
          public abstract int getHeight();
          public abstract Plane[] getPlanes();
          public static abstract class Plane {
            public abstract int getRowStride();
            public abstract java.nio.ByteBuffer getBuffer(); } }""",
    "android/hardware/camera2/params/BlackLevelPattern": """
        public final class BlackLevelPattern {
          public void copyTo(int[] destination, int offset) {} }""",
    "android/hardware/camera2/CameraCharacteristics": """
        import android.hardware.camera2.params.BlackLevelPattern;
        import android.util.Range;
        public final class CameraCharacteristics {
          public static final class Key<T> {}
          public <T> T get(Key<T> key) { return null; }
          public static final Key<BlackLevelPattern>
              SENSOR_BLACK_LEVEL_PATTERN = null;
          public static final Key<Integer>
              SENSOR_INFO_COLOR_FILTER_ARRANGEMENT = null;
          public static final Key<Integer> SENSOR_INFO_WHITE_LEVEL = null;
          public static final Key<Range<Integer>>
              SENSOR_INFO_SENSITIVITY_RANGE = null; }""",
    "android/hardware/camera2/CaptureResult": """
        import android.util.Pair;
        public class CaptureResult {
          public static final class Key<T> {}
          public <T> T get(Key<T> key) { return null; }
          public static final Key<float[]> SENSOR_DYNAMIC_BLACK_LEVEL = null;
          public static final Key<Integer> SENSOR_DYNAMIC_WHITE_LEVEL = null;
          public static final Key<Integer> SENSOR_SENSITIVITY = null;
          public static final Key<Pair<Double, Double>[]>
              SENSOR_NOISE_PROFILE = null; }""",
    "android/hardware/camera2/DngCreator": """
        import android.util.Size;
        import java.io.*;
        public final class DngCreator implements AutoCloseable {
          public DngCreator(CameraCharacteristics c, CaptureResult r) {}
          public void writeByteBuffer(OutputStream to, Size size,
              java.nio.ByteBuffer pixels, long offset) throws IOException {}
          @Override public void close() {} }""",
}

# What it uses of LiteRT's Java API.
_INTERPRETER = {
    "org/tensorflow/lite/Interpreter": """
        import java.util.Map;
        public final class Interpreter {
          public void runSignature(Map<String, Object> inputs,
              Map<String, Object> outputs, String signature) {} }""",
}

# What it uses of LiteRT's Kotlin API.
_LITERT = """
package com.google.ai.edge.litert
import android.content.res.AssetManager
enum class Accelerator { CPU, GPU }
class TensorBuffer {
    fun writeFloat(data: FloatArray) {}
    fun readFloat() = FloatArray(0)
}
class CompiledModel : AutoCloseable {
    class Options(vararg accelerators: Accelerator)
    fun createInputBuffer(name: String, signature: String? = null) =
        TensorBuffer()
    fun createOutputBuffer(name: String, signature: String? = null) =
        TensorBuffer()
    fun run(
        inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>,
        signature: String? = null
    ) {}
    override fun close() {}
    companion object {
        fun create(assets: AssetManager, name: String, options: Options) =
            CompiledModel()
    }
}
"""

# In Kotlin's library since 1.8; Debian's is 1.3.
_USE = """
package app
inline fun <T : AutoCloseable, R> T.use(block: (T) -> R): R =
    try { block(this) } finally { close() }
"""


def printed(language: str) -> list[str]:
    """Returns the page's blocks of a language."""
    pattern = rf"^ *```{language}\n(.*?)^ *```$"
    blocks = re.findall(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    return blocks


def test_the_c_code_compiles(tmp_path):
    app_code.write(tmp_path, bundle.load().manifest)
    (tmp_path / "page.c").write_text(_C % "".join(printed("c")))
    subprocess.run(
        [app_code.compiler(), *STRICT, "-I.", "-fsyntax-only", "page.c"],
        cwd=tmp_path,
        check=True,
    )


@pytest.mark.slow  # The compiler takes half a minute.
def test_the_kotlin_code_compiles_in_a_package_of_its_own(tmp_path):
    for name, text in (_ANDROID | _INTERPRETER).items():
        path = tmp_path / f"{name}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        package = name.rpartition("/")[0].replace("/", ".")
        path.write_text(f"package {package};\n{text}")
    (tmp_path / "LiteRt.kt").write_text(_LITERT)
    (tmp_path / "Use.kt").write_text(_USE)
    app_code.write(tmp_path, bundle.load().manifest)
    # As the page says: with the package line of the app.
    for path in tmp_path.glob("Nsma*.kt"):
        path.write_text(f"package app\n{path.read_text()}")
    for i, text in enumerate(printed("kotlin")):
        (tmp_path / f"Page{i}.kt").write_text(f"package app\n{text}")
    subprocess.run(
        [app_code.compiler("kotlinc"), ".", "-d", "page.jar"],
        cwd=tmp_path,
        check=True,
    )
