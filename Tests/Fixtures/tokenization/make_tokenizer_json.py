#!/usr/bin/env python3
"""Writes tokenizer.json folders with the `tokenizers` library (0.23.3) from vocabularies.

    python3 Tests/Fixtures/tokenization/make_tokenizer_json.py OUT FILE.gguf ... [--small]

Of each GGUF file one folder a kind that its vocabulary can stand for: its own, and for qwen2's
also stablelm2, whose expression differs (no vocabulary file of it is at hand). --small does the
same with the vocabularies of byte-level.json and sentence-piece.json, for the fixtures.
"""
import argparse
import json
import pathlib

from tokenizers import processors

import reference

HERE = pathlib.Path(__file__).parent
# Folder: kind of the tokenizer, what BOS the template adds
OTHERS = {"qwen2": ["stablelm2"], "llama-spm": ["firstSegment"]}
CLASSES = {"everySegment": "LlamaTokenizer", "firstSegment": "LlamaTokenizer"}


def write(folder, vocabulary, kind, bos, eos, adds_bos):
    folder.mkdir(parents=True, exist_ok=True)
    is_pieces = kind in reference.SPACE_PREFIXES
    make = reference.sentence_piece if is_pieces else reference.byte_level
    tokenizer = make(vocabulary, kind)
    tokens = vocabulary["tokens"]
    if adds_bos:
        template = processors.TemplateProcessing(
            single=[tokens[bos], "$A"], pair=[tokens[bos], "$A", tokens[bos], "$B:1"],
            special_tokens=[(tokens[bos], bos)])
        tokenizer.post_processor = template if is_pieces else processors.Sequence(
            [processors.ByteLevel(trim_offsets=False), template])
    elif not is_pieces:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    configuration = {
        "bos_token": {"content": tokens[bos], "special": True}, "eos_token": tokens[eos],
        "model_max_length": 1e30, "tokenizer_class": CLASSES.get(kind, "PreTrainedTokenizerFast"),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration) + "\n")


def small(out):
    vocabulary = json.loads((HERE / "byte-level.json").read_text())
    for kind in reference.KINDS:
        write(out / kind, vocabulary, kind, 1, 0, adds_bos=kind == "llama-bpe")
    vocabulary = json.loads((HERE / "sentence-piece.json").read_text())
    for kind in reference.SPACE_PREFIXES:
        write(out / kind, vocabulary, kind, 1, 2, adds_bos=True)


def real(out, path):
    vocabulary = reference.vocabulary_of(path)
    name = pathlib.Path(path).stem.removeprefix("ggml-vocab-")
    if vocabulary["model"] == "llama":
        kinds = ["everySegment", "firstSegment"]
    else:
        kinds = [vocabulary["pre"]] + OTHERS.get(name, [])
    for kind in kinds:
        folder = out / (name if kind == kinds[0] else f"{name}-{kind}")
        bos, eos = vocabulary["bos"], vocabulary["eos"]
        write(folder, vocabulary, kind, bos, eos, adds_bos=kind in CLASSES or kind == "llama-bpe")
        (folder / "kind").write_text(kind)
        print(folder)


parser = argparse.ArgumentParser()
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("files", nargs="*")
parser.add_argument("--small", action="store_true")
arguments = parser.parse_args()
if arguments.small:
    small(arguments.out)
for file in arguments.files:
    real(arguments.out, file)
