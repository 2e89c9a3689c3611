"""Records what transformers' prompt lookup proposes after random sequences.

    python3 Tests/Fixtures/speculation/make_prompt_lookup.py Tests/Fixtures/speculation/prompt-lookup.json
"""
import json
import random
import sys

import torch
import transformers
from transformers.generation.candidate_generator import PromptLookupCandidateGenerator

random.seed(7)
cases = []
for number in range(240):
    letters = random.choice([3, 6, 12, 40])
    sequence = [random.randrange(letters) for _ in range(random.choice([1, 2, 3, 8, 20, 60]))]
    count = random.choice([1, 2, 5, 10])
    ngram = random.choice([1, 2, 2, 2, 3])
    eos = random.choice([0, 1, 99])
    generator = PromptLookupCandidateGenerator(
        eos_token_id=torch.tensor([eos]),
        num_output_tokens=count,
        max_matching_ngram_size=ngram,
        max_length=10000,
        vocab_size=100,
    )
    found, _ = generator.get_candidates(torch.tensor([sequence]))
    cases.append(
        {
            "sequence": sequence,
            "count": count,
            "ngram": ngram,
            "eos": eos,
            "proposed": found[0, len(sequence):].tolist(),
        }
    )
with open(sys.argv[1], "w") as file:
    json.dump({"transformers": transformers.__version__, "cases": cases}, file)
    file.write("\n")
