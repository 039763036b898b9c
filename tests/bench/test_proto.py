import struct

import pytest

from android_bench import proto
from android_bench.errors import ToolError


def message(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


def scalar(number, value):
    return bytes([number << 3 | 5]) + struct.pack("<f", value)


LATENCY = b"".join(scalar(i, i / 4) for i in range(1, 11))
# 300 and 2048 as varints of two bytes.
MEMORY = b"\x08\xac\x02" + b"\x10\x80\x10" + scalar(3, 9.5)
WHOLE = (
    message(1, b"name")
    + message(2, LATENCY)
    + message(3, MEMORY)
    + message(4, scalar(1, 0.5) + b"\x10\xf4\x04" + b"\x18\x07")
)


def test_fields_of_a_result():
    latency, memory = proto.result(WHOLE)
    # In order: avg min max stddev median p5 p95 init first warm-up; ms.
    assert latency.mean_us == 250
    assert latency.median_us == 1250
    assert latency.p95_us == 1750
    assert (latency.init_us, latency.first_us) == (2000, 2250)
    assert latency.num_runs == 628
    assert memory == {"init_mb": 300 / 1024, "overall_mb": 2, "peak_mb": 9.5}


def test_agrees_with_protobuf():
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    pool = pytest.importorskip("google.protobuf.descriptor_pool")
    factory = pytest.importorskip("google.protobuf.message_factory")
    file = descriptor_pb2.FileDescriptorProto(name="r.proto", package="t")
    kinds = {"float": 2, "int64": 3, "int32": 5}

    def add(name, *fields):
        entry = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            made = entry.field.add(name=field, number=number, label=1)
            if kind in kinds:
                made.type = kinds[kind]
            else:
                made.type, made.type_name = 11, f".t.{kind}"

    names = "avg min max stddev median p5 p95 init first warmup".split()
    add("L", *((name, "float") for name in names))
    add("M", ("init", "int64"), ("overall", "int64"), ("peak", "float"))
    add("X", ("size", "float"), ("runs", "int32"), ("warm", "int32"))
    entry = file.message_type.add(name="R")
    entry.field.add(name="name", number=1, label=1, type=9)
    for number, kind in ((2, "L"), (3, "M"), (4, "X")):
        entry.field.add(
            name=kind.lower(),
            number=number,
            label=1,
            type=11,
            type_name=f".t.{kind}",
        )
    found = pool.DescriptorPool()
    found.Add(file) if hasattr(found, "Add") else found.AddSerializedFile(
        file.SerializeToString()
    )
    result = factory.GetMessageClass(found.FindMessageTypeByName("t.R"))()
    result.name = "n" * 200
    result.l.avg, result.l.median = 1.5, 1.25
    result.m.overall = 123456
    result.x.runs = 50
    latency, memory = proto.result(result.SerializeToString())
    assert (latency.mean_us, latency.median_us) == (1500, 1250)
    assert latency.num_runs == 50
    assert memory == {"overall_mb": 123456 / 1024}


@pytest.mark.parametrize("length", range(0, len(WHOLE)))
def test_cut_off_file_is_refused(length):
    with pytest.raises(ToolError, match="must hold"):
        proto.result(WHOLE[:length])


def test_no_measured_run_is_refused():
    data = message(2, LATENCY) + message(4, b"\x10\x00")
    with pytest.raises(ToolError, match="num_runs=0"):
        proto.result(data)
