#!/usr/bin/env python3
"""Writes the recordings beside this file with the `tokenizers` library (0.23.3).

    python3 Tests/Fixtures/tokenization/make_fixtures.py [SmolLM2-135M-Instruct.Q4_1.gguf]

byte-level.json and sentence-piece.json: small vocabularies trained on the text below, so that the
whole way is tested where no model is, and what the library makes of every case with them.
smollm2.json: the library's ids with the model's vocabulary, when its file is given.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import reference

HERE = pathlib.Path(__file__).parent

TRAINING = """The quick brown fox jumps over the lazy dog, and the dog doesn't mind: it's asleep.
They've said that we'll measure what we're told, and I'd say that I'm not sure they will.
THE SAME IN CAPITALS: THEY'VE SAID THAT WE'LL MEASURE, AND IT'S WHAT THEY'D DO.
def measure(model, tokens, repetitions=3):
    for index in range(repetitions):
        if index == 0:
            continue
        print(f"{index}: {model.name} {len(tokens)} tokens, {1000 / elapsed:.2f} ms")
    return [token for token in tokens if token != 12345]
In 1984, 2001 and 2024 there were 365, 366 and 1000000 reasons; 3.14159 is not 22/7.
Größe und Maß: die Äpfel fallen nicht weit vom Stamm, sagt man in München.
Быстрая лиса прыгает через ленивую собаку. 我们测量语言模型的速度。速度快。日本語の文。
Les modèles de langage ont été mesurés à l'été; ça va très bien, n'est-ce pas?
    indented by four spaces
        indented by eight spaces
\tand by a tab\t\ttwice
... --- === >>> != <= -> :: // /* */ ##  !!! ??? ''' ``` {{}} [[]] (()) <|>
""" * 3

CASES = [
    "", " ", "  ", "   ", "    ", "     ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\t", "\t\t x", " \n ",
    "Hello world", " Hello world", "  Hello  world  ", "the dog doesn't mind", "it's, they've, we'll",
    "IT'S THEY'VE WE'LL I'D I'M YOU'RE CAN'T", "'s't're've'm'll'd", "''s '' ' s 'x 'sx",
    "it'\u017f long s, \u017f alone, 'r\u00c9 're", "don\u2019t", "a'", "'", "' era",
    "y =    12", "x  1", "1 2  3   4", "12345678901", "a1b22c333", "3.14159", "1,000,000",
    "\u0661\u0662\u0663 \u0967\u0968 \u00b2\u00b3\u00bd \u2163\u216b \u2460 \U0001d7d8\U0001d7d9",
    " \u0663\u0664", "  \u00bd", "\u3007\u4e00\u4e8c", "\U00011de0 \U00016ff4 x\U00011de5y",
    "    indented\n        deeper\n\tand tab\n", "line\r\nline\r\n", "a \n b", "a\n\n\nb", "end   ",
    "end\n", "a\u00a0b \u2003c\u3000d\u2028e\u0085f\u200bg", "\u00a0\u00a0x", " \u3000 x",
    "Gr\u00f6\u00dfe, \u00c4pfel", "cafe\u0301 e\u0301\u0323 \u00e9\u0323 \u212b \u2126 \uf900 \u0344",
    "a\u0315\u0300\u05ae\u0300b", "\u1e9b\u0323 \u0958 \u0fb2\u0f80 \U0001d15e", "o\u0302\u0301\u0323",
    "\u1112\u1161\u11ab\u1100\u1173\u11af \ud55c\uae00 \uac00\u11a8 \u1100\u11a8",
    "\u0301start", "\u0301", "x" + "\u0301\u0323" * 20,
    "\u0416\u0438\u0437\u043d\u044c", "\u6211\u4eec\u6d4b\u91cf\u8bed\u8a00", "\u65e5\u672c\u8a9e\u306e\u6587",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627", "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "\u0928\u092e\u0938\u094d\u0924\u0947", "\u1780\u17b6\u1793\u17cb\u178f\u17c2", "\uff21\uff22\uff11\uff12",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea \u2764\ufe0f",
    "\u0000\u0001\u0007\u001b\u007f", "a\u0000b", "\ufffd \ufeffx \ue000 \U0010ffff",
    "<|end|>", "a<|end|>b", "<|end|><|end|>", "<|end|", "<<|end|>>", " <|end|> x", "<|end|>\n<|user|>",
    "pre<|user|>fix<|endx|>", "<unk>x</s>", "<s> x", "</s>\n\nx", "<0x0A>", "\u2581a \u2581",
    "<tool> <tools>x", "<tool>s</tool>", "\u00c9<tool>e\u0301", "[PAD9]",
    "the " * 30, "a" * 100, "ab" * 60, " " * 70, "\n" * 45, "9" * 50, "!" * 44, "\u00e9" * 45,
    "def measure(model, tokens):\n    return [token for token in tokens if token != 0]\n",
    "https://example.org/a_b-c?d=e&f=1#g", "{\"key\": [1, 2.5, null]}", "...!!!???---===",
    " ... \n...\r\n", "#!\n\n#", "?\r\r?", " !x", "\t!x", "\u00a0!x", "\tword", "\u00a0word", "\nword", "!word", "_word",
]

CONTROL = {0: "<|end|>", 1: "<|user|>", 2: "<|endx|>"}
USER = ["  " + " " * n for n in range(3)] + ["<tool>", "<tools>"]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = reference.digits()
    tokenizer.train_from_iterator([TRAINING], trainers.BpeTrainer(
        vocab_size=640, special_tokens=list(CONTROL.values()), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) for pair in model["merges"]]
    # Whole words that no merges lead to: `ignore_merges` finds them, the others must not.
    tokens += ["\u0120unreachable", "zqj"]
    types = [3 if index in CONTROL else 1 for index in range(len(tokens))]
    tokens += USER + [f"[PAD{len(tokens) + len(USER)}]"]
    types += [4] * (len(USER) + 1)
    vocabulary = {"tokens": tokens, "types": types, "merges": merges}
    cases = CASES + [" unreachable zqj unreachable", tokens[-1]]
    recorded = {}
    for kind in reference.KINDS:
        tokenizer = reference.byte_level(vocabulary, kind)
        recorded[kind] = {
            "special": reference.encode(tokenizer, cases, True),
            "plain": reference.encode(tokenizer, cases, False),
        }
    write("byte-level.json", {**vocabulary, "cases": cases, "recorded": recorded})


def sentence_piece():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.train_from_iterator([TRAINING], trainers.BpeTrainer(
        vocab_size=420, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    merged = ["".join(pair) for pair in model["merges"]]
    letters = sorted(t for t in model["vocab"] if len(t) == 1 and t not in "\n\t▁")
    runs = ["▁" * n for n in (2, 3, 4, 5, 6, 7, 8, 12, 16)]
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)]
    types = [2, 3, 3] + [6] * 256
    scores = [0.0] * len(tokens)
    # As in Llama's file: merges in order, then characters; runs of spaces come last of all.
    pieces = [t for t in dict.fromkeys(merged) if set(t) != {"▁"} and "\n" not in t and "\t" not in t]
    for index, piece in enumerate(pieces + letters):
        tokens.append(piece)
        types.append(1)
        scores.append(-1.0 - index)
    for piece in runs + ["▁"]:
        tokens.append(piece)
        types.append(1)
        scores.append(-1e9)
    vocabulary = {"tokens": tokens, "types": types, "scores": scores}
    recorded = {}
    for prefix in reference.SPACE_PREFIXES:
        tokenizer = reference.sentence_piece(vocabulary, prefix)
        ids = reference.encode(tokenizer, CASES, True)
        recorded[prefix] = {
            "special": ids,
            "plain": reference.encode(tokenizer, CASES, False),
            "decoded": [tokenizer.decode(i, skip_special_tokens=True) for i in ids],
        }
    write("sentence-piece.json", {**vocabulary, "cases": CASES, "recorded": recorded})


def smollm2(path):
    tokenizer = reference.byte_level(reference.vocabulary_of(path), "smollm")
    cases = CASES + ["<|im_start|>user\nHi<|im_end|>\n", "a<|endoftext|>b", "<|im_start|", " A", " D"]
    write("smollm2.json", {
        "cases": cases,
        "special": reference.encode(tokenizer, cases, True),
        "plain": reference.encode(tokenizer, cases, False),
    })


def write(name, value):
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in value.items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


byte_level()
sentence_piece()
if len(sys.argv) > 1:
    smollm2(sys.argv[1])
