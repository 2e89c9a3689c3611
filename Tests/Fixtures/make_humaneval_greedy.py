#!/usr/bin/env python3
"""Write humaneval-greedy.json: 64 greedy tokens of SmolLM2-135M-Instruct (Q4_1, dequantized) after the first ten
prompts of HumanEval, as transformers generates them in float32.

    python3 -m pip install torch transformers tokenizers gguf
    python3 Tests/Fixtures/make_humaneval_greedy.py SmolLM2-135M-Instruct.Q4_1.gguf HumanEval.jsonl.gz \\
        > Tests/Fixtures/humaneval-greedy.json

Prompts are stored as token ids. `gaps` are the differences of the two largest logits: where one is tiny, another
order of summation may choose the other token.
"""
import gzip
import json
import os
import sys
import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS, TOKENS = 10, 64


def main(gguf_file, human_eval):
    folder, name = os.path.split(os.path.abspath(gguf_file))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # What transformers makes of the GGUF lacks the step of SmolLM2's own tokenizer.json that splits digits off:
    # "\n    0" would be "\n   " and " " and "0" instead of "\n    " and "0".
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    lines = []
    with gzip.open(human_eval, "rt") as problems:
        for problem in (json.loads(line) for _, line in zip(range(PROMPTS), problems)):
            inputs = tokenizer(problem["prompt"], return_tensors="pt")
            found = model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False, return_dict_in_generate=True,
                                   output_logits=True)
            tokens = found.sequences[0, inputs["input_ids"].shape[1]:].tolist()
            logits = torch.stack(found.logits, 1)[0]
            best = logits.topk(2, -1).values
            chosen = torch.log_softmax(logits, -1)[range(len(tokens)), tokens]
            lines.append(json.dumps({
                "task_id": problem["task_id"], "prompt": inputs["input_ids"][0].tolist(), "tokens": tokens,
                "gaps": [round(v, 5) for v in (best[:, 0] - best[:, 1]).tolist()],
                "logprobs": [round(v, 5) for v in chosen.tolist()]}))
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main(*sys.argv[1:])
