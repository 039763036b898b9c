from android_bench.tool import operators

PROFILE = """\
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
ModifyGraphWithDelegate, 2.1, 2.1, 90%, 90%, 0, 1, ModifyGraphWithDelegate/0
AllocateTensors, 0.2, 0.2, 10%, 100%, 0, 1, AllocateTensors/0

============================== Top by Computation Time ==============
node type, first, avg_ms, %, cdf%, mem KB, times called, name
ModifyGraphWithDelegate, 2.1, 2.1, 90%, 90%, 0, 1, ModifyGraphWithDelegate/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
TfLiteXNNPackDelegate, 1.9, 1.5, 94%, 94%, 0, 1, [a\tb]:12
TILE, 0.1, 0.1, 6%, 100%, 0, 1, [c]:13

============================== Top by Computation Time ==============
node type, first, avg_ms, %, cdf%, mem KB, times called, name
TfLiteXNNPackDelegate, 1.9, 1.5, 94%, 94%, 0, 1, [a\tb]:12

Number of nodes executed: 2
============================== Summary by node type ==============
node type, count, avg_ms, avg %, cdf %, mem KB, times called
TfLiteXNNPackDelegate, 1, 1.5, 94%, 94%, 0, 1
"""


def test_profile_is_that_of_the_regular_runs():
    assert operators.profile(PROFILE) == [
        {
            "node_type": "TfLiteXNNPackDelegate",
            "avg_ms": "1.5",
            "name": "[a,b]:12",
        },
        {"node_type": "TILE", "avg_ms": "0.1", "name": "[c]:13"},
    ]


def test_profile_of_an_old_build_is_keyed_by_its_header():
    old = PROFILE.replace("node type, first", "node type, start, first")
    old = old.replace("Delegate, 1.9", "Delegate, 0.0, 1.9")
    old = old.replace("TILE, 0.1, 0.1", "TILE, 1.9, 0.1, 0.1")
    assert operators.profile(old) == operators.profile(PROFILE)


def test_profile_of_nothing_is_empty():
    assert operators.profile("") == []
    assert operators.profile("INFO: STARTING!\n") == []


INSIDE = """
Delegate internal:
============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
Convolution (NHWC, F32), 0.9, 0.8, 60%, 60%, 0, 1, Delegate/Conv:0
Sigmoid, 0.1, 0.1, 40%, 100%, 0, 1, Delegate/Sigmoid:1

============================== Top by Computation Time ==============
node type, first, avg_ms, %, cdf%, mem KB, times called, name
Sigmoid, 0.1, 0.1, 40%, 100%, 0, 1, Delegate/Sigmoid:1
"""


def test_what_is_inside_a_delegate_is_listed_apart():
    assert operators.profile(PROFILE + INSIDE) == operators.profile(PROFILE)
    assert operators.inside(PROFILE) == []
    assert operators.inside(PROFILE + INSIDE) == [
        {
            "node_type": "Convolution (NHWC, F32)",
            "avg_ms": "0.8",
            "name": "Delegate/Conv:0",
        },
        {
            "node_type": "Sigmoid",
            "avg_ms": "0.1",
            "name": "Delegate/Sigmoid:1",
        },
    ]
