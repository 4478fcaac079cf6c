#!/usr/bin/env bash
# ONNX Runtime's antialiased Resize of int8 numbers makes every negative number 0.
#
# Expected: Resize with antialias=1 of an int8 tensor is the resize of the same numbers as floats, rounded.
# Seen: ONNX Runtime 1.32 (CPU) cuts its int8 results at 0, as if they were pixels: what is negative becomes 0. Linear
#   and cubic do it, for enlarging and for shrinking. Linear without antialias, and uint8, int32 and float, are right.
# Why it hurts: in a network that is quantized to signed bytes, 0 is the middle. Its own tool, quantize_static with
#   QuantFormat.QOperator and int8 activations, puts such a Resize between the layers. Half of what
#   a layer knows is gone; scores and maps are plausible and wrong.
# Instead: QuantFormat.QDQ or uint8 activations; compare a quantized network with the one it comes from.
#
# Output seen:
#   onnxruntime 1.32.0, onnx 1.23.2
#   int8 numbers from -100 to 100
#   half the size, linear: -100 to 99, as float -100 to 100
#   half the size, linear, antialias: 0 to 99, as float -99 to 99
#   half the size, cubic, antialias: 0 to 100, as float -101 to 100
#   twice the size, linear: -100 to 100, as float -100 to 100
#   twice the size, linear, antialias: 0 to 100, as float -100 to 100
#   twice the size, cubic, antialias: 0 to 100, as float -100 to 100
#   network with QDQ, int8: correlation with the original 1.000
#   network with QOperator, uint8: correlation with the original 1.000
#   network with QOperator, int8: correlation with the original 0.856
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>errors <<'PYTHON' || { cat errors >&2; exit 1; }
from itertools import product

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
HALF, DOUBLE = (np.array([1, 1, scale, scale], np.float32) for scale in (0.5, 2))


def build(nodes, constants, shape, kind=TensorProto.FLOAT):
    ends = [helper.make_tensor_value_info(name, kind, where) for name, where in (("x", shape), ("y", [None] * 4))]
    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=10)


def run(model, numbers):
    if not isinstance(model, str):
        onnx.checker.check_model(model)
        model = model.SerializeToString()
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": numbers})[0]


def resize(numbers, kind, scales, **options):
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], **options)
    return run(build([node], {"scales": scales}, numbers.shape, kind), numbers).astype(np.float64)


waves = 100 * np.sin(np.arange(48) / 8)[:, None] * np.cos(np.arange(48) / 11)
whole = np.rint(waves).astype(np.int8)[None, None]
print(f"int8 numbers from {whole.min()} to {whole.max()}")
ways = ("linear", 0), ("linear", 1), ("cubic", 1)  # int8 has no plain cubic
for scales, (mode, antialias) in product((HALF, DOUBLE), ways):
    options = {"scales": scales, "mode": mode, "antialias": antialias}
    name = f"{'half' if scales is HALF else 'twice'} the size, {mode}{', antialias' if antialias else ''}"
    true = resize(whole.astype(np.float32), TensorProto.FLOAT, **options)
    found = resize(whole, TensorProto.INT8, **options)
    unsigned = resize((whole.astype(int) + 128).astype(np.uint8), TensorProto.UINT8, **options) - 128
    wide = resize(whole.astype(np.int32), TensorProto.INT32, **options)
    print(f"{name}: {found.min():.0f} to {found.max():.0f}, as float {true.min():.0f} to {true.max():.0f}")
    assert np.abs(unsigned - true).max() <= 1.5, "uint8 is wrong too"
    assert np.abs(wide - true).max() <= 1.5, "int32 is wrong too"
    if antialias:
        assert true.min() < -80 and found.min() == 0, f"{name} keeps negative numbers now"
        assert found[true < -25].max() < 5 and np.abs(found - true)[true > 25].max() < 5, f"{name} is wrong otherwise"
    else:
        assert np.abs(found - true).max() <= 1.5, f"{name} is wrong too"

generator = np.random.default_rng(0)
weights = {name: generator.normal(0, 0.2, shape).astype(np.float32) for name, shape in
           (("first", (8, 3, 3, 3)), ("second", (4, 8, 3, 3)))}
nodes = [
    helper.make_node("Conv", ["x", "first"], ["a"], pads=[1] * 4),
    helper.make_node("Resize", ["a", "", "scales"], ["b"], mode="linear", antialias=1),
    helper.make_node("Conv", ["b", "second"], ["y"], pads=[1] * 4),
]
onnx.save(build(nodes, {**weights, "scales": HALF}, (1, 3, 32, 32)), "network.onnx")
noise = generator.normal(size=(6, 1, 3, 8, 8)).astype(np.float32)
pictures = noise.repeat(4, axis=-1).repeat(4, axis=-2)


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = iter(pictures)

    def get_next(self):
        picture = next(self.left, None)
        return None if picture is None else {"x": picture}


true = run("network.onnx", pictures[0]).ravel()
for name, way, kind in (
    ("QDQ, int8", QuantFormat.QDQ, QuantType.QInt8),
    ("QOperator, uint8", QuantFormat.QOperator, QuantType.QUInt8),
    ("QOperator, int8", QuantFormat.QOperator, QuantType.QInt8),
):
    quantize_static("network.onnx", "bytes.onnx", Pictures(), quant_format=way, activation_type=kind)
    correlation = np.corrcoef(true, run("bytes.onnx", pictures[0]).ravel())[0, 1]
    print(f"network with {name}: correlation with the original {correlation:.3f}")
    if name == "QOperator, int8":
        assert correlation < 0.9, "the quantized network is right now"
    else:
        assert correlation > 0.99, f"{name} is wrong too"
PYTHON
