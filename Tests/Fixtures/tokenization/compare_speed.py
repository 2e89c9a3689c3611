#!/usr/bin/env python3
"""Times `billion tokenize --time` and the `tokenizers` library in turn, on one core each.

    python3 Tests/Fixtures/tokenization/compare_speed.py --billion ./billion TEXT FOLDER ...

FOLDER holds a tokenizer.json. Prints the best of --rounds of each, in MB/s, and their ratio; exits
1 when the library is faster.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer  # noqa: E402  (after the environment)


def ours(billion, folder, text):
    command = [billion, "tokenize", "--model", str(folder), "--no-bos", "--time", "3"]
    answer = subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True)
    lines = [line.split() for line in answer.stdout.splitlines()]
    return min(float(line[2]) for line in lines), int(lines[0][1])


def library(tokenizer, text):
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        count = len(tokenizer.encode(text, add_special_tokens=False).ids)
        best = min(best, time.perf_counter() - start)
    return best, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--billion", default="./billion")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    text = arguments.text.read_bytes()
    slower = 0
    for folder in arguments.folders:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        best = {"billion": float("inf"), "tokenizers": float("inf")}
        for _ in range(arguments.rounds):
            seconds, count = ours(arguments.billion, folder, text)
            best["billion"] = min(best["billion"], seconds)
            seconds, wanted = library(tokenizer, text.decode())
            best["tokenizers"] = min(best["tokenizers"], seconds)
            assert count == wanted, f"{folder}: {count} tokens, the library has {wanted}"
        rates = {name: len(text) / seconds / 1e6 for name, seconds in best.items()}
        ratio = rates["billion"] / rates["tokenizers"]
        slower += ratio < 1
        print(f"{folder.name}: {len(text)} bytes, {count} tokens, billion {rates['billion']:.2f} MB/s, "
              f"tokenizers {rates['tokenizers']:.2f} MB/s, ratio {ratio:.1f}", flush=True)
    sys.exit(1 if slower else 0)


main()
