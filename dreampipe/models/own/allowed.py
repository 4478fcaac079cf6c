"""The names that the config.json of a model file can use: Keras' own layers and functions for pictures.

Keras builds whatever its configuration names, so the list says what may be built; all that can hold code, read files or
fetch something (Lambda, TFSMLayer, lookup tables, wrappers of other frameworks) is left out. No keras here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LAYERS = """
    InputLayer Dense EinsumDense Activation Identity
    Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose
    MaxPooling2D AveragePooling2D GlobalMaxPooling2D GlobalAveragePooling2D GlobalMaxPooling1D GlobalAveragePooling1D
    AdaptiveAveragePooling2D AdaptiveMaxPooling2D
    BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization Normalization Rescaling
    Dropout SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization
    Flatten Reshape Permute RepeatVector ZeroPadding2D Cropping2D UpSampling2D Resizing CenterCrop
    ReLU LeakyReLU PReLU ELU Softmax
    Add Average Concatenate Dot Maximum Minimum Multiply Subtract
    Attention AdditiveAttention MultiHeadAttention GroupQueryAttention
    RandomFlip RandomRotation RandomZoom RandomTranslation RandomShear RandomContrast RandomBrightness RandomCrop
"""
_INITIALIZERS = """
    Constant Zeros Ones Identity IdentityInitializer Orthogonal OrthogonalInitializer VarianceScaling RandomNormal
    RandomUniform TruncatedNormal GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform
"""
_NUMPY = """
    Absolute Abs Add Subtract Multiply Divide DivideNoNan TrueDivide Negative Power Square Sqrt Exp Expm1 Log Log1p
    Reciprocal Sign Sin Cos Tanh Arctan Maximum Minimum Clip Mean Sum Max Min Amax Amin Var Std Average Concatenate
    Stack Split Reshape Ravel Transpose ExpandDims Squeeze Flip Roll Pad GetItem Matmul Einsum Dot Tensordot Repeat Tile
    Moveaxis Swapaxes BroadcastTo OnesLike ZerosLike Greater GreaterEqual Less LessEqual Where
"""
_NN = """
    Relu Relu6 Sigmoid Softplus Softsign SoftShrink Silu Squareplus LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu
    Gelu Celu Glu TanhShrink HardTanh HardShrink Threshold Softmax LogSoftmax MaxPool AveragePool Conv DepthwiseConv
    SeparableConv ConvTranspose Normalize BatchNorm RMSNorm LayerNorm DotProductAttention DepthToSpace SpaceToDepth
"""

ALLOWED: Mapping[str, frozenset[str]] = {
    "keras": frozenset(["DTypePolicy", "Sequential"]),
    "keras.layers": frozenset(_LAYERS.split()),
    "keras.initializers": frozenset(_INITIALIZERS.split()),
    "keras.regularizers": frozenset(["L1", "L2", "L1L2", "OrthogonalRegularizer"]),
    "keras.constraints": frozenset(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]),
    "keras.dtype_policies": frozenset(["DTypePolicy"]),
    "keras.src.models.functional": frozenset(["Functional"]),
    "keras.src.applications.convnext": frozenset(["LayerScale", "StochasticDepth"]),
    "keras.src.applications.inception_resnet_v2": frozenset(["CustomScaleLayer"]),
    "keras.src.ops.numpy": frozenset(_NUMPY.split()),
    "keras.src.ops.nn": frozenset(_NN.split()),
    "keras.src.ops.core": frozenset(["Cast", "StopGradient"]),
    "keras.src.ops.image": frozenset(["Resize", "RGBToGrayscale", "PadImages", "CropImages"]),
    "keras.src.ops.math": frozenset(["Rsqrt", "Erf", "Logsumexp"]),
}
"""Module to the classes that a configuration may name of it, as Keras 3 writes them."""

OWN = ("dreampipe.models.motifnet.network", "ReflectPadding2D", "dreampipe>ReflectPadding2D")
"""The module, class and registered name of the one class that is not Keras' own."""

_PLAIN = frozenset(["__keras_tensor__", "__slice__", "__ellipsis__"])  # values in the form of a class

_ARRAYS = frozenset(["__tensor__", "__numpy__"])
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_INTEGERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_NUMBERS = frozenset([*_FLOATS, *_INTEGERS])  # an array of these is no larger than its text

_CODE: Mapping[str, str] = {
    "Lambda": "a Lambda layer, which runs code out of the file",
    "__lambda__": "a lambda, which is code out of the file",
    "TFSMLayer": "a TFSMLayer, which runs a program from another folder",
    "TorchModuleWrapper": "a TorchModuleWrapper, which unpickles code",
    "JaxLayer": "a JaxLayer, which runs code out of the file",
    "FlaxLayer": "a FlaxLayer, which runs code out of the file",
    "__typespec__": "a type specification, which can name any class",
}


def refusal(config: object) -> str | None:
    """Why nothing may be built of this configuration, as a noun phrase for "holds ..."; None when all may be.

    Of a `compile_config` only code is refused: the rest of it (optimizer, loss, metrics) is dropped before loading.
    """
    for node, compiling in _class_nodes(config):
        kind = node["class_name"]
        if isinstance(kind, str) and kind in _CODE:
            return _CODE[kind]
        if not compiling and (reason := _unknown(node)):
            return reason
    return None


def is_code(reason: str) -> bool:
    """Say whether what `refusal` gave names code, and not only what is unknown here."""
    return reason in _CODE.values()


def advise(reason: str) -> str:
    """Say what to do about a file that is refused for a reason that `refusal` gave."""
    todo = "save it again without it"
    if not reason.startswith(("the class", "a reference to the function")):
        return todo
    return f"{todo}, or, if the file is yours, give --trust --import FILE.py with the Python file that defines it"


def _class_nodes(config: object) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every dict with a "class_name", however deep, and whether it stands in a `compile_config`."""
    waiting = [(config, False)]
    while waiting:
        value, compiling = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value, compiling
            waiting.extend((v, compiling or k == "compile_config") for k, v in value.items())
        elif isinstance(value, list | tuple):
            waiting.extend((v, compiling) for v in value)


def _unknown(node: Mapping[str, Any]) -> str | None:
    module, kind, registered = node.get("module"), node["class_name"], node.get("registered_name")
    if kind == "function":
        return f"a reference to the function {str(node.get('config'))[:80]!r}"
    if not isinstance(kind, str) or not isinstance(module, str | None):
        return "a class whose name is not text"
    if kind in _PLAIN:
        return None
    if kind in _ARRAYS:
        inner = node.get("config")
        dtype = inner.get("dtype") if isinstance(inner, dict) else None
        return None if isinstance(dtype, str) and dtype in _NUMBERS else "an array of something other than numbers"
    if (module, kind, registered) == OWN:
        return None
    if module in ("keras.quantizers", "keras.dtype_policies") and kind.startswith(("Quantized", "Int", "Float8")):
        return f"layers that are quantized ({kind[:40]}), whose weights have no gradient"
    # A registered name wins over the module when Keras looks a class up, so it must say the same.
    if kind in ALLOWED.get(module or "", ()) and registered in (None, kind):
        return None
    shown = registered if isinstance(registered, str) and registered != kind else f"{module}.{kind}"
    return f"the class {shown[:80]!r}, which is not on the list of Keras' own picture layers"
