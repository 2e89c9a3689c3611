#!/usr/bin/env python3
"""Compares the tokenizer of a folder with that of the GGUF file that billion makes from the folder.

    python3 Tests/Fixtures/tokenization/compare_written.py --billion ./billion FOLDER ... [--count 500]
        [--llama PATH/TO/llama-tokenize] [--texts ../shared/data/vocab/ggml-vocab-gpt-2.gguf.inp]

FOLDER holds a tokenizer.json, as make_tokenizer_json.py writes it. A small model with random weights is put
beside it, quantized to q8_0, and both are asked for the ids of the texts and of random strings; llama.cpp
is asked for those of the texts. Exits 1 when something differs. Needs tokenizers, safetensors and numpy.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata

import numpy as np
from safetensors.numpy import save_file

import compare_random

WIDTH, FFN = 64, 96
COMPOSING = ["gpt-neox", "qwen2"]


def random_matrix(*shape):
    return (np.random.default_rng(1).standard_normal(shape, dtype=np.float32) * 0.02).astype(np.float16)


def llama(vocabulary):
    tensors = {"model.embed_tokens.weight": random_matrix(vocabulary, WIDTH), "model.norm.weight": random_matrix(WIDTH)}
    layer = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH, WIDTH), "self_attn.v_proj": (WIDTH, WIDTH),
             "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (FFN, WIDTH), "mlp.up_proj": (FFN, WIDTH),
             "mlp.down_proj": (WIDTH, FFN), "input_layernorm": (WIDTH,), "post_attention_layernorm": (WIDTH,)}
    tensors |= {f"model.layers.0.{name}.weight": random_matrix(*shape) for name, shape in layer.items()}
    return tensors, dict(architectures=["LlamaForCausalLM"], model_type="llama", rms_norm_eps=1e-5, rope_theta=10000.0,
                         tie_word_embeddings=True)


def stablelm(vocabulary):
    tensors, configuration = llama(vocabulary)
    for name in ["model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm", "model.norm"]:
        tensors[name + ".bias"] = random_matrix(WIDTH)
    tensors["lm_head.weight"] = random_matrix(vocabulary, WIDTH)
    return tensors, configuration | dict(
        architectures=["StableLmForCausalLM"], model_type="stablelm", layer_norm_eps=1e-5, partial_rotary_factor=0.25,
        use_qkv_bias=False, tie_word_embeddings=False)


def gptneox(vocabulary):
    layer = {"attention.query_key_value": (3 * WIDTH, WIDTH), "attention.dense": (WIDTH, WIDTH),
             "mlp.dense_h_to_4h": (FFN, WIDTH), "mlp.dense_4h_to_h": (WIDTH, FFN), "input_layernorm": (WIDTH,),
             "post_attention_layernorm": (WIDTH,)}
    tensors = {"gpt_neox.embed_in.weight": random_matrix(vocabulary, WIDTH),
               "embed_out.weight": random_matrix(vocabulary, WIDTH),
               "gpt_neox.final_layer_norm.weight": random_matrix(WIDTH),
               "gpt_neox.final_layer_norm.bias": random_matrix(WIDTH)}
    for name, shape in layer.items():
        tensors[f"gpt_neox.layers.0.{name}.weight"] = random_matrix(*shape)
        tensors[f"gpt_neox.layers.0.{name}.bias"] = random_matrix(shape[0])
    return tensors, dict(architectures=["GPTNeoXForCausalLM"], model_type="gpt_neox", layer_norm_eps=1e-5,
                         rotary_pct=0.25, rotary_emb_base=10000, use_parallel_residual=True, tie_word_embeddings=False,
                         hidden_act="gelu")


def make_model(folder, kind):
    """config.json and weights, with more rows than tokens as many models have."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    last = max([*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])])
    vocabulary = (last // 64 + 2) * 64
    make = {"gpt-neox": gptneox, "stablelm2": stablelm}.get(kind, llama)
    tensors, configuration = make(vocabulary)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    configuration |= dict(vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=FFN, num_hidden_layers=1,
                          num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
                          torch_dtype="float16")
    (folder / "config.json").write_text(json.dumps(configuration))


def ids_of_llama(llama_tokenize, model, text, options):
    answer = subprocess.run([llama_tokenize, "-m", model, "--stdin", "--ids", "--log-disable", *options],
                            input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(answer.stdout.decode().strip().splitlines()[-1])


def compare(arguments, source):
    kind = (source / "kind").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "model"
        shutil.copytree(source, folder)
        make_model(folder, kind)
        written = pathlib.Path(name) / "written.gguf"
        subprocess.run([arguments.billion, "models", "quantize", folder, "q8_0", written], check=True,
                       stdout=subprocess.DEVNULL)
        tokenizer, _ = compare_random.load(folder, None)
        texts = arguments.texts.read_text().split("\n__ggml_vocab_test__\n")
        strings = texts + compare_random.texts_for(tokenizer, arguments.count, 1)
        differences = 0
        for mode in [[], ["--no-bos"], ["--no-bos", "--plain"]]:
            wanted = compare_random.run(arguments.billion, folder, mode, strings)
            found = compare_random.run(arguments.billion, written, mode, strings)
            wrong = [item for item in zip(strings, wanted, found) if item[1] != item[2]]
            differences += len(wrong)
            print(f"{source.name} {' '.join(mode)}: {len(strings)} strings, {len(wrong)} differ")
            for text, a, b in wrong[:3]:
                print(f"  {json.dumps(text)[:200]}\n    folder {a[:40]}\n    file   {b[:40]}")
        if arguments.llama:
            wanted = compare_random.run(arguments.billion, folder, [], texts)
            compared = wrong = 0
            for text, ids in zip(texts, wanted):
                # llama.cpp composes nothing, and has one of the space rules.
                if not text or kind in COMPOSING and not unicodedata.is_normalized("NFC", text):
                    continue
                if kind == "firstSegment" and text[0] == " ":
                    continue
                found = ids_of_llama(arguments.llama, written, text, [])
                compared += 1
                if found != ids:
                    wrong += 1
                    print(f"  {json.dumps(text)[:200]}\n    folder    {ids[:40]}\n    llama.cpp {found[:40]}")
            differences += wrong
            print(f"{source.name}, llama.cpp: {compared} texts, {wrong} differ")
        return differences


parser = argparse.ArgumentParser()
parser.add_argument("folders", nargs="+", type=pathlib.Path)
parser.add_argument("--billion", default="./billion")
parser.add_argument("--count", type=int, default=500)
parser.add_argument("--llama")
parser.add_argument("--texts", type=pathlib.Path, default="../shared/data/vocab/ggml-vocab-gpt-2.gguf.inp")
arguments = parser.parse_args()
sys.exit(1 if sum([compare(arguments, folder) for folder in arguments.folders]) else 0)
