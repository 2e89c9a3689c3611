#!/usr/bin/env python3
"""Write instruction-tokens.json: digests of how TRL's rules turn records into token ids, with SmolLM2's tokenizer.

    python3 -m pip install torch transformers tokenizers gguf
    python3 Tests/Fixtures/instructions/make_fixtures.py PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf ../shared/data/alpaca_en_demo.json

Per form: the number of tokens of each record, where its completion begins, and the SHA-256 of all ids as little-endian
int32. The records are the first 100 of the file, which is not ours to publish.
"""
import hashlib
import json
import os
import pathlib
import sys
import numpy as np
from transformers import AutoTokenizer

sys.path.append(str(pathlib.Path(__file__).parent.parent / "tokenization"))
import reference  # noqa: E402

HEAD = "Below is an instruction that describes a task"
MAX_LENGTH = 512


def prompt(d):
    if d.get("input"):
        return (f"{HEAD}, paired with an input that provides further context. Write a response that appropriately completes "
                f"the request.\n\n### Instruction:\n{d['instruction']}\n\n### Input:\n{d['input']}\n\n### Response:\n")
    return (f"{HEAD}. Write a response that appropriately completes the request.\n\n### Instruction:\n{d['instruction']}"
            "\n\n### Response:\n")


def completion(tok, ids, d):
    """As SFTTrainer: the text of EOS is appended, the prompt's length is that of its own tokens."""
    text = d["output"] if d["output"].endswith(tok.eos_token) else d["output"] + tok.eos_token
    return ids(prompt(d) + text)[:MAX_LENGTH], len(ids(prompt(d)))


def conversation(tok, ids, d):
    user = {"role": "user", "content": d["instruction"] + (f"\n{d['input']}" if d.get("input") else "")}
    rendered = lambda messages, more: ids(
        tok.apply_chat_template(messages, add_generation_prompt=more, tokenize=False))
    return (rendered([user, {"role": "assistant", "content": d["output"]}], False)[:MAX_LENGTH],
            len(rendered([user], True)))


def main(model, data):
    folder, file = os.path.split(model)
    tok = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    # transformers makes another tokenizer of a GGUF file than the model's own tokenizer.json is.
    own = reference.byte_level(reference.vocabulary_of(model), "smollm")
    ids = lambda text: reference.encode(own, [text], True)[0]
    records = json.load(open(data))[:100]
    forms = {}
    for name, form in {"completion": completion, "conversation": conversation}.items():
        rows = [form(tok, ids, d) for d in records]
        every = np.concatenate([np.array(r[0], dtype="<i4") for r in rows])
        forms[name] = {"lengths": [len(r[0]) for r in rows], "prompts": [r[1] for r in rows],
                       "sha256": hashlib.sha256(every.tobytes()).hexdigest()}
    out = pathlib.Path(__file__).parent / "instruction-tokens.json"
    out.write_text(json.dumps(forms) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
