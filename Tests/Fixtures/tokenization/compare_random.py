#!/usr/bin/env python3
"""Compares `billion tokenize` with the `tokenizers` library on random strings.

    python3 Tests/Fixtures/tokenization/compare_random.py --billion ./billion FILE.gguf ...
        [--count 1000] [--seed 1] [--pre NAME | everySegment | firstSegment]

FILE may be vocabulary-only. Every string is compared with special tokens recognised and as plain
text. The strings mix scripts, digits, marks, whitespace, control characters, emoji, words, the
text of special tokens, and any scalar value at all; exits 1 when one differs.
"""
import argparse
import json
import random
import subprocess
import sys

import reference

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
WORDS = (
    "the of and to in def return import self print hello world http www Hello World I'm don't "
    "you'll we've they're it's 'S 'LL class int for while if else == != -> :: // /* */ ### --- "
    '... 2024 100,000 3.14159 JSON {"a": 1} <|im_start|> <|im_end|> <|endoftext|> <s> </s> <unk> '
    "<repo_name> <file_sep> <|begin_of_text|> <|eot_id|> <|end_of_text|> <0x0A> <fim_prefix>"
).split(" ") + ["  ", "   ", "    ", "\n", "\n\n", "\r\n", "\n\n    \t ", ""]


def span(*ranges):
    return [chr(c) for first, last in ranges for c in range(first, last + 1)]


POOLS = (
    [span((0x20, 0x7E))] * 4
    + [span((0x61, 0x7A)) + [" "] * 6] * 3
    + [list(" \t\n\r\x0b\x0c\x85\xa0\u2003\u3000\u2028 \n ")] * 3
    + [list("0123456789 '.,")] * 2
    + [list("0123456789\u0661\u0662\u0663\u0967\u0968\xb2\xb3\xb9\xbd\xbe\u2163\u216b\u2460\u32bf"
            "\U0001d7d8\U0001d7d9\U00010107 \u066bx\U00011de0")]
    + [span((0xC0, 0x17F)) + list(" 'sSKk")]
    + [span((0x300, 0x36F)) + list("aeiouAEIOU ")] * 2
    + [span((0x590, 0x5F4), (0x600, 0x6FF)) + [" "] * 20]
    + [span((0x900, 0x97F), (0xE00, 0xE5B)) + [" "] * 10]
    + [span((0x1100, 0x1175), (0x11A8, 0x11C2), (0xAC00, 0xAC50)) + [" "] * 5]
    + [span((0x4E00, 0x4FFF), (0x3040, 0x30FF), (0xFF00, 0xFFEF)) + [" "] * 5]
    + [span((0x1F600, 0x1F64F), (0x1F3FB, 0x1F3FF)) + ["\u200d", "\ufe0f", " ", "\u2764"] * 5]
    + [span((0, 0x1F)) + ["\x7f", " ", "a"]]
    + [list("sStTmMdDrReEvVlL'\u2019\u017f ")] * 2
    + [span((0xF900, 0xFA6D), (0x1D15E, 0x1D164), (0x2F800, 0x2F9FF), (0x1E00, 0x1FFF)) + [" "] * 9]
)


def string(rng):
    kind = rng.random()
    if kind < 0.45:
        pools = [rng.choice(POOLS) for _ in range(rng.randint(1, 6))]
        return "".join(rng.choice(p) for p in pools for _ in range(rng.randint(1, 15)))
    if kind < 0.8:
        parts = []
        for _ in range(rng.randint(1, 25)):
            parts += [rng.choice(WORDS), rng.choice([" ", "", "  ", "'", "\n"])]
            if rng.random() < 0.1:
                parts += [rng.choice(rng.choice(POOLS)) for _ in range(3)]
        return "".join(parts)
    if kind < 0.9:
        return "".join(chr(rng.choice(SCALARS)) for _ in range(rng.randint(1, 30)))
    unit = rng.choice(["a", "ab", " ", "\n", " a", "1", "12", "\xe9", "'s", "\U0001f600", "\u2581"])
    return unit * rng.randint(1, 200)


def compare(billion, path, pre, texts):
    vocabulary = reference.vocabulary_of(path)
    if vocabulary["model"] == "gpt2":
        tokenizer = reference.byte_level(vocabulary, pre or vocabulary["pre"])
    else:
        tokenizer = reference.sentence_piece(vocabulary, pre or "everySegment")
    differences = 0
    for options in ([], ["--plain"]):
        wanted = reference.encode(tokenizer, texts, parse_special=not options)
        command = [billion, "tokenize", "--model", path, "--lines", "--no-bos"] + options
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        answer = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
        found = [json.loads(line) for line in answer.stdout.splitlines()]
        assert len(found) == len(texts), f"{len(found)} lines for {len(texts)} strings"
        wrong = [item for item in zip(texts, wanted, found) if item[1] != item[2]]
        differences += len(wrong)
        name = path.split("/")[-1]
        tokens = sum(map(len, wanted))
        print(f"{name} {' '.join(options)}: {len(texts)} strings, {tokens} tokens, {len(wrong)} differ")
        for text, a, b in wrong[:5]:
            print(f"  {json.dumps(text)}\n    wanted {a}\n    found  {b}")
    return differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--billion", default="./billion")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pre", choices=list(reference.KINDS) + reference.SPACE_PREFIXES)
    arguments = parser.parse_args()
    differences = 0
    for path in arguments.files:
        rng = random.Random(arguments.seed)
        texts = [string(rng) for _ in range(arguments.count)]
        differences += compare(arguments.billion, path, arguments.pre, texts)
    sys.exit(1 if differences else 0)


main()
