"""What make_layers.py needs of PyTorch and Keras, and the file it writes: networks as Tapestry describes them, run in either."""
import json
import os
import struct
import sys
import zlib

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
sys.modules["triton"] = None  # its copy of LLVM and that of TensorFlow do not go together

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
PYTORCH = "PyTorch " + torch.__version__.split("+")[0]
KERAS = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
torch.set_num_threads(1)
keras.config.set_floatx("float64")


def as_array(value, kind):
    value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    assert np.isfinite(value).all() and (kind == np.float64 or (value == value.astype(np.float32)).all())
    return np.copy(value.astype(kind), order="C")


class File:
    """Cases and their tensors, named CASE/WHAT."""

    def __init__(self, name, framework):
        self.name, self.framework, self.cases, self.tensors = name, framework, [], {}

    def add(self, case, given, expected):
        assert case["name"] not in [known["name"] for known in self.cases], case["name"]
        self.cases.append(case)
        for what, value in given.items():
            self.tensors[f"{case['name']}/{what}"] = as_array(value, np.float32)
        for what, value in expected.items():
            self.tensors[f"{case['name']}/{what}"] = as_array(value, np.float64)

    def write(self):  # by hand: the library's own function writes the metadata in another order each time
        header, end = {"__metadata__": {"framework": self.framework, "made_by": "tests/golden/make_layers.py",
                                        "cases": json.dumps(self.cases)}}, 0
        for name, value in self.tensors.items():
            header[name] = {"dtype": {4: "F32", 8: "F64"}[value.itemsize], "shape": value.shape,
                            "data_offsets": [end, end := end + value.nbytes]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path = os.path.join(HERE, self.name + ".safetensors")
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.writelines(value.tobytes() for value in self.tensors.values())
        print(f"{self.name}: {len(self.cases)} cases, {os.path.getsize(path):,} bytes, {self.framework}")


def numbers_for(name):
    """Random normal numbers of a case's own; a float holds each exactly."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return lambda *shape: generator.standard_normal(shape).astype(np.float32).astype(np.float64)


def positive(values):
    return (np.abs(values) + 0.5).astype(np.float32).astype(np.float64)


# Networks in PyTorch --------------------------------------------------------------------------------------------------


def pair(value):
    return value if isinstance(value, list) else [value, value]


def sides(padding):
    return padding if isinstance(padding, list) else [padding] * 4


def weights_of(network, shape, normal):
    """Weights and buffers of the layers that have some, with the names that PyTorch gives them."""
    weights = {}
    for place, layer in enumerate(network):
        kind, bias = layer["type"], layer.get("bias", True)
        if kind in ("conv2d", "conv_transpose2d", "linear"):
            inputs, outputs = shape[1], layer.get("channels", layer.get("features"))
            axes = [inputs, outputs] if kind == "conv_transpose2d" else [outputs, inputs]
            weights[f"{place}.weight"] = normal(*axes, *(pair(layer["kernel"]) if "kernel" in layer else []))
            if bias:
                weights[f"{place}.bias"] = normal(outputs)
        if kind == "batch_norm":
            for name in ("weight", "bias", "running_mean", "running_var"):
                weights[f"{place}.{name}"] = normal(shape[1])
            weights[f"{place}.running_var"] = positive(weights[f"{place}.running_var"])
        shape = run_pytorch([layer], torch.zeros(shape), {f"0{name[len(str(place)):]}": torch.tensor(value) for name, value
                            in weights.items() if name.startswith(f"{place}.")}, "evaluation").shape
    return weights


def run_pytorch(network, x, weights, mode):
    for place, layer in enumerate(network):
        w, b = weights.get(f"{place}.weight"), weights.get(f"{place}.bias")
        x = LAYERS[layer["type"]](layer, x, w, b, weights, place, mode)
    return x


def conv2d(layer, x, w, b, *_):
    top, bottom, left, right = sides(layer["padding"])
    if top == bottom and left == right:
        return F.conv2d(x, w, b, pair(layer.get("stride", 1)), (top, left))
    return F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, pair(layer.get("stride", 1)))


def conv_transpose2d(layer, x, w, b, *_):
    top, bottom, left, right = sides(layer["padding"])
    stride = pair(layer.get("stride", 1))
    if top == bottom and left == right:
        return F.conv_transpose2d(x, w, b, stride, (top, left), layer.get("output_padding", 0))
    y = F.conv_transpose2d(x, w, b, stride)  # PyTorch pads alike on opposite sides: crop the rest
    return y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]


def batch_norm(layer, x, w, b, weights, place, mode):
    return F.batch_norm(x, weights[f"{place}.running_mean"], weights[f"{place}.running_var"], w, b, mode == "training",
                        1 - layer["momentum"], layer["epsilon"])


def dropout(layer, x, w, b, weights, place, mode):
    if mode == "evaluation":
        return x
    return x * torch.tensor(dropout_mask(layer["rate"], tuple(x.shape), place))


LAYERS = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "batch_norm": batch_norm,
    "dropout": dropout,
    "linear": lambda layer, x, w, b, *_: F.linear(x, w, b),
    "leaky_relu": lambda layer, x, *_: F.leaky_relu(x, layer["slope"]),
    "relu": lambda layer, x, *_: F.relu(x),
    "tanh": lambda layer, x, *_: torch.tanh(x),
    "sigmoid": lambda layer, x, *_: torch.sigmoid(x),
    "flatten": lambda layer, x, *_: x.flatten(1),
    "reshape": lambda layer, x, *_: x.reshape(-1, *layer["shape"]),
}


# The mask that Tapestry's dropout draws, worked out anew: Philox4x32-10 with keys made for the purpose.
KEY = 7


def philox(counter, key):
    c, k, low = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & low, (a >> 32) ^ c[3] ^ k[1], a & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c


def words(key, n, block):
    split = lambda number: [number & 0xFFFFFFFF, number >> 32]
    return philox(split(block) + split(n), split(key))


def dropout_mask(rate, shape, place):
    low, high, *_ = words(KEY, place, int.from_bytes(b"number", "big"))  # the key of layer number `place`
    key = low | high << 32
    length = int(np.prod(shape[1:]))
    kept = [words(key, n, i // 4)[i % 4] >= int(rate * 2**32) for n in range(shape[0]) for i in range(length)]
    return np.array(kept, np.float64).reshape(shape) / (1 - rate)


def add_pytorch(file, name, network, shape, mode="training"):
    normal = numbers_for(name)
    given = weights_of(network, shape, normal)
    x = torch.tensor(normal(*shape), requires_grad=True)
    weights = {key: torch.tensor(value, requires_grad="running" not in key) for key, value in given.items()}
    y = run_pytorch(network, x, weights, mode)
    cotangent = normal(*y.shape)
    trained = {key: value for key, value in weights.items() if value.requires_grad}
    dx, *gradients = torch.autograd.grad(y, [x, *trained.values()], torch.tensor(cotangent))
    expected = {"y": y, "dx": dx}
    expected |= {f"gradient/{key}": value for key, value in zip(trained, gradients)}
    if mode == "training":
        expected |= {f"after/{key}": value for key, value in weights.items() if not value.requires_grad}
    given = {f"initial/{key}": value for key, value in given.items()}
    file.add({"name": name, "network": network, "mode": mode}, {"x": x, "dy": cotangent} | given, expected)


# Layers in Keras ------------------------------------------------------------------------------------------------------


def to_keras(name, value):  # pictures with channels last; weights (h, w, in, out), transposed (h, w, out, in), (in, out)
    if name == "x" or name == "y":
        return value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


def from_keras(name, value):
    if name == "x" or name == "y":
        return value.transpose(0, 3, 1, 2) if value.ndim == 4 else value
    return value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T


def keras_layer(layer):
    kind = layer["type"]
    if kind == "batch_norm":
        return keras.layers.BatchNormalization(momentum=layer["momentum"], epsilon=layer["epsilon"])
    make = {"conv2d": keras.layers.Conv2D, "conv_transpose2d": keras.layers.Conv2DTranspose}[kind]
    return make(layer["channels"], pair(layer["kernel"]), layer.get("stride", 1), "same", use_bias=layer.get("bias", True))


def add_keras(file, name, layer, shape, mode="training"):
    normal = numbers_for(name)
    with tf.device("/cpu:0"):
        keras_x = tf.Variable(to_keras("x", normal(*shape)))
        built = keras_layer(layer)
        built.build(keras_x.shape)
        given = [normal(*weight.shape) for weight in built.weights]
        if layer["type"] == "batch_norm":
            given[3] = positive(given[3])
        built.set_weights(given)
        with tf.GradientTape() as tape:
            y = built(keras_x, training=mode == "training")
            cotangent = normal(*y.shape)
            product = tf.reduce_sum(y * cotangent)
        trained = [weight.value for weight in built.trainable_weights]
        dx, *gradients = tape.gradient(product, [keras_x, *trained])
    is_norm = layer["type"] == "batch_norm"
    names = ["weight", "bias", "running_mean", "running_var"] if is_norm else ["weight", "bias"]
    inputs = {"x": from_keras("x", keras_x.numpy()), "dy": from_keras("y", cotangent)}
    inputs |= {f"initial/0.{key}": from_keras(key, value) for key, value in zip(names, given)}
    expected = {"y": from_keras("y", y.numpy()), "dx": from_keras("x", dx.numpy())}
    expected |= {f"gradient/0.{key}": from_keras(key, value.numpy()) for key, value in zip(names, gradients)}
    if is_norm and mode == "training":
        expected |= {f"after/0.{key}": value for key, value in zip(names[2:], built.get_weights()[2:])}
    file.add({"name": name, "network": [layer], "mode": mode}, inputs, expected)
