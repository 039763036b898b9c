"""Operations that only move values, in integers.

`ai-edge-quantizer` leaves DEPTH_TO_SPACE and its inverse in float, between a
DEQUANTIZE and a QUANTIZE of the same range. The runtime moves integers as well,
and an integer-only target can do nothing else.
"""

import collections

from ai_edge_litert.tools import flatbuffer_utils as fu

_MOVES = {"DEPTH_TO_SPACE", "SPACE_TO_DEPTH"}
_VERSION = 2  # Of both, with which they take int8.


def apply(flatbuffer: bytes) -> bytes:
    """Returns a quantised flatbuffer whose moves are of integers.

    Args:
        flatbuffer: the `.tflite`.
    """
    model = fu.read_model_from_bytearray(bytearray(flatbuffer))
    graph = model.subgraphs[0]
    makers, readers = {}, collections.defaultdict(list)
    for op in graph.operators:
        makers.update((int(index), op) for index in op.outputs)
        for index in op.inputs:
            readers[int(index)].append(op)

    def name(op):
        return op and fu.opcode_to_name(model, op.opcodeIndex)

    for op in graph.operators:
        if name(op) not in _MOVES:
            continue
        before, after = makers.get(int(op.inputs[0])), readers[op.outputs[0]]
        if name(before) != "DEQUANTIZE" or len(after) != 1:
            continue
        if name(after[0]) != "QUANTIZE":
            continue
        source, target = before.inputs[0], after[0].outputs[0]
        op.inputs, op.outputs = [source], [target]
        tensors = graph.tensors
        # It has the range of what is moved; the two differ by rounding alone.
        tensors[target].quantization = tensors[source].quantization
        model.operatorCodes[op.opcodeIndex].version = _VERSION
        graph.operators = [o for o in graph.operators if o is not after[0]]
        readers[int(before.outputs[0])].remove(op)
        if not readers[int(before.outputs[0])]:
            graph.operators = [o for o in graph.operators if o is not before]
    return bytes(fu.convert_object_to_bytearray(model))
