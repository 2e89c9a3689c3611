"""Records what gguf-py (and ggml, for the quantizers of the K formats) makes of known numbers.

Made with gguf 0.19 and ggml 0.25.3, from the top of the checkout:

    python Tests/Fixtures/quantization.py --ggml path/to/libggml-base.so

Writes Tests/Fixtures/quantization.bin, little-endian: b"BQUANT01", then sections until the end, each
a name (u32 length, bytes) and contents (u32 length, bytes):
    values            f32, 2048 inputs in blocks made to hurt
    FORMAT.blocks     what the reference quantizer writes for them
    FORMAT.values     what the reference reads from those blocks, f32
    FORMAT.noise      random blocks, finite scales
    FORMAT.decoded    what the reference reads from them, f32
"""

import argparse
import ctypes
import pathlib
import struct

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

FORMATS = [
    "BF16", "F16", "F32", "Q2_K", "Q3_K", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q8_0"]
# Where the half-precision scales of a block lie.
SCALES = {
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_0": [0], "Q4_1": [0, 2], "Q4_K": [0, 2], "Q5_0": [0],
    "Q5_1": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q8_0": [0]}


def inputs(rng):
    normal = rng.standard_normal(256)
    outlier = rng.standard_normal(256) * 1e-3
    outlier[[5, 70, 200]] = [40.0, -90.0, 1.0]
    ties = np.tile(np.concatenate([[127.0, -127.0], np.arange(-15, 15) / 2]), 8)
    constants = np.repeat([1.0, -1.0, 0.1, -3.0, 65504.0, 1e-3, 7.0, -0.5], 32)
    mixed = np.concatenate([
        np.zeros(64), rng.standard_normal(64) * 1e-6, rng.uniform(0, 1, 64), -rng.uniform(0, 1, 64)])
    return np.concatenate([
        normal, rng.standard_normal(256) * 0.02, np.zeros(256), outlier, ties, constants, mixed,
        rng.standard_t(2, 256)]).astype(np.float32)


def k_quantized(name, values, library):
    size = gguf.GGML_QUANT_SIZES[Type[name]][1]
    blocks = np.zeros(len(values) // 256 * size, np.uint8)
    quantize = getattr(library, f"quantize_row_{name[0].lower()}{name[1:]}_ref")
    quantize(
        values.ctypes.data_as(ctypes.c_void_p), blocks.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_int64(len(values)))
    return blocks


def noise(name, rng):
    block, size = gguf.GGML_QUANT_SIZES[Type[name]]
    blocks = rng.integers(0, 256, (512 // block, size), dtype=np.uint8)
    for place in SCALES.get(name, []):
        scales = (rng.standard_normal(512 // block) * 0.1).astype(np.float16)
        scales[0] = 6e-8  # subnormal
        blocks[:, place:place + 2] = scales.view(np.uint8).reshape(-1, 2)
    if name not in SCALES:
        blocks = rng.standard_normal(512).astype(np.float32)
        blocks = gguf.quants.quantize(blocks, Type[name]).view(np.uint8)
    return blocks.reshape(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggml", required=True, help="libggml-base, for the quantizers of the K formats")
    library = ctypes.CDLL(parser.parse_args().ggml)
    rng = np.random.default_rng(20)
    values = inputs(rng)
    sections = [("values", values.tobytes())]
    for name in FORMATS:
        type_ = Type[name]
        if name.endswith("_K"):
            blocks = k_quantized(name, values, library)
        else:
            blocks = gguf.quants.quantize(values, type_).view(np.uint8).reshape(-1)
        random = noise(name, rng)
        for label, data in [("blocks", blocks), ("noise", random)]:
            decoded = gguf.quants.dequantize(data, type_).astype(np.float32)
            sections.append((f"{name.lower()}.{label}", data.tobytes()))
            sections.append(
                (f"{name.lower()}.{'values' if label == 'blocks' else 'decoded'}", decoded.tobytes()))
    with open(pathlib.Path(__file__).with_suffix(".bin"), "wb") as file:
        file.write(b"BQUANT01")
        for label, data in sections:
            file.write(struct.pack("<I", len(label)) + label.encode())
            file.write(struct.pack("<I", len(data)) + data)


main()
