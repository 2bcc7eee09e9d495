# SPDX-License-Identifier: Apache-2.0
"""Writes the network of a bundle (models/FORMAT.md) as ONNX graphs, for the comparison only.

    logits [1, labels] = f(input_ids [1, n], token_type_ids [1, n]), both int64
"""
import json
import math
import pathlib
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

DTYPES = {"F32": np.float32, "I8": np.int8, "U8": np.uint8}
CONTRIB = "com.microsoft"

# Arguments of quantize_dynamic. reduce_range keeps weights to 7 bits, as ours are.
WEIGHTS = {
    "int8-channel": dict(weight_type=QuantType.QInt8, per_channel=True, reduce_range=True),
    "int8-tensor": dict(weight_type=QuantType.QInt8),
    "uint8-tensor": dict(weight_type=QuantType.QUInt8),
}
GRAPHS = ("plain", "fused")


def read_bundle(path):
    """(config, labels, {name: array}) of a bundle."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(data, DTYPES[entry["dtype"]], offset=8 + length + begin,
                            count=(end - begin) // DTYPES[entry["dtype"]]().itemsize)
        tensors[name] = raw.reshape(entry["shape"])
    return json.loads(metadata["config"]), json.loads(metadata["labels"]), tensors


class Graph:
    """Nodes and initializers in the making. Every method returns the name of its result."""

    def __init__(self, config, tensors, fused):
        self.config, self.tensors, self.fused = config, tensors, fused
        self.nodes, self.initializers = [], {}

    def constant(self, name, array):
        self.initializers[name] = numpy_helper.from_array(np.array(array, order="C"), name)
        return name

    def integers(self, *values):
        return self.constant("shape_" + "_".join(map(str, values)), np.array(values, np.int64))

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0],
                                           domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def tensor(self, name):
        return self.constant(name, self.tensors[name])

    def dequantized(self, name, scale):
        return self.tensors[name].astype(np.float32) * self.tensors[scale][:, None]

    def embedding(self, name):
        name = f"embeddings.{name}"
        return self.constant(name, self.dequantized(name, f"{name}.scale"))

    def linear(self, x, name):
        weight = self.dequantized(f"{name}.weight", f"{name}.scale").T
        product = self.op("MatMul", x, self.constant(f"{name}.weight", weight))
        return self.op("Add", product, self.tensor(f"{name}.bias"))

    def norm(self, x, name):
        return self.op("LayerNormalization", x, self.tensor(f"{name}.gamma"),
                       self.tensor(f"{name}.beta"), axis=-1,
                       epsilon=self.config["layer_norm_epsilon"])

    def embed(self):
        length = self.op("Shape", "input_ids", start=1, end=2)
        positions = self.op("Slice", self.embedding("position"), self.integers(0), length,
                            self.integers(0))
        words = self.op("Gather", self.embedding("word"), "input_ids")
        types = self.op("Gather", self.embedding("token_type"), "token_type_ids")
        return self.norm(self.op("Add", self.op("Add", words, types), positions),
                         "embeddings.norm")

    def heads(self, x):
        """[1, heads, n, head size] of [1, n, H]."""
        count = self.config["attention_heads"]
        shape = self.integers(0, 0, count, self.config["hidden_size"] // count)
        return self.op("Transpose", self.op("Reshape", x, shape), perm=[0, 2, 1, 3])

    def attention(self, x, layer):
        qkv = self.linear(x, f"{layer}.qkv")
        query, key, value = self.op("Split", qkv, outputs=3, axis=-1, num_outputs=3)
        count, hidden = self.config["attention_heads"], self.config["hidden_size"]
        if self.fused:
            return self.op("MultiHeadAttention", query, key, value, domain=CONTRIB,
                           num_heads=count)
        scale = self.constant("scale", np.array(1 / math.sqrt(hidden // count), np.float32))
        query = self.op("Mul", self.heads(query), scale)
        key = self.op("Transpose", self.heads(key), perm=[0, 1, 3, 2])
        scores = self.op("Softmax", self.op("MatMul", query, key), axis=-1)
        context = self.op("MatMul", scores, self.heads(value))
        merged = self.op("Transpose", context, perm=[0, 2, 1, 3])
        return self.op("Reshape", merged, self.integers(0, 0, hidden))

    def layer(self, x, layer):
        attended = self.linear(self.attention(x, layer), f"{layer}.attention_output")
        x = self.norm(self.op("Add", attended, x), f"{layer}.attention_norm")
        wide = self.op("Gelu", self.linear(x, f"{layer}.intermediate"), approximate="none")
        return self.norm(self.op("Add", self.linear(wide, f"{layer}.output"), x),
                         f"{layer}.output_norm")

    def classify(self, x):
        first = self.op("Gather", x, self.constant("zero", np.array(0, np.int64)), axis=1)
        pooled = self.op("Tanh", self.linear(first, "pooler"))
        weight = self.constant("classifier.weight", self.tensors["classifier.weight"].T)
        logits = self.op("MatMul", pooled, weight)
        self.nodes.append(helper.make_node("Add", [logits, self.tensor("classifier.bias")],
                                           ["logits"], name="logits"))


def build(config, labels, tensors, fused):
    """The float model, with ONNX's own operators only or with ONNX Runtime's fused attention."""
    graph = Graph(config, tensors, fused)
    x = graph.embed()
    for i in range(config["layers"]):
        x = graph.layer(x, f"layer.{i}")
    graph.classify(x)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"])
              for name in ("input_ids", "token_type_ids")]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(labels)])]
    body = helper.make_graph(graph.nodes, "bert", inputs, outputs,
                             list(graph.initializers.values()))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=9)


def convert(bundle, folder):
    """{name: path} of each graph in float and in each quantization; made when not there yet."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config, labels, tensors = read_bundle(bundle)
    paths = {}
    for graph in GRAPHS:
        source = paths[f"{graph} float"] = folder / f"{graph}-float.onnx"
        if not source.exists():
            onnx.save(build(config, labels, tensors, graph == "fused"), source)
        for weights, options in WEIGHTS.items():
            target = paths[f"{graph} {weights}"] = folder / f"{graph}-{weights}.onnx"
            if not target.exists():
                # Operators of ONNX Runtime's own have no types that ONNX could infer.
                quantize_dynamic(source, target, **options,
                                 extra_options={"DefaultTensorType": TensorProto.FLOAT})
    return paths


if __name__ == "__main__":
    convert(*sys.argv[1:])
