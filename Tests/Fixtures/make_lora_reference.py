#!/usr/bin/env python3
"""Write lora/*.json and lora/*.bin: what PEFT and torch's autograd make of an adapter on every linear layer of the tiny
models, in float32.

    python3 -m pip install torch transformers peft gguf
    python3 Tests/Fixtures/make_lora_reference.py Tests/Fixtures

NAME.json says which model, the adapter's configuration, the examples (tokens, and which of them are targets), the loss,
the modules in order, and the losses, gradient norms and learning rates of some updates by AdamW. NAME.bin holds, module
by module, A, B and their gradients before the first update, as float32.
"""
import json
import os
import sys
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

RANK, ALPHA, UPDATES, LEARNING_RATE, DECAY, CLIP = 2, 6, 4, 0.01, 0.1, 0.5
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
GATED = ATTENTION + ["gate_proj", "up_proj", "down_proj"]
NEOX = ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]
MODELS = [  # name, model below the fixtures, modules, rsLoRA
    ("llama-gguf", "tiny-llama.gguf", GATED, False),
    ("llama-scaled", "checkpoints/llama-scaled/hf", GATED, True),
    ("stablelm", "checkpoints/stablelm/hf", GATED, False),
    ("gptneox", "checkpoints/gptneox/hf", NEOX, False),
    ("gptneox-sequential", "checkpoints/gptneox-sequential/hf", NEOX, True),
]


def load(path):
    if path.endswith(".gguf"):
        return AutoModelForCausalLM.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32)
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def loss_of(model, examples):
    """The mean over all targets, each example by itself."""
    total, count = 0, 0
    for tokens, targets in examples:
        x = torch.tensor([tokens])
        y = torch.tensor([[t if wanted else -100 for t, wanted in zip(tokens, targets)]])
        logits = model(input_ids=x).logits.float()
        total = total + torch.nn.functional.cross_entropy(logits[0, :-1], y[0, 1:], reduction="sum")
        count += int((y[:, 1:] != -100).sum())
    return total / count, count


def main(folder):
    os.makedirs(f"{folder}/lora", exist_ok=True)
    for name, path, targets, is_stabilized in MODELS:
        torch.manual_seed(11)
        base = load(f"{folder}/{path}")
        vocabulary = base.config.vocab_size
        model = get_peft_model(base, LoraConfig(
            r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets, use_rslora=is_stabilized, bias="none",
            task_type="CAUSAL_LM"))
        examples = []
        for length, first in ((70, 0), (1, 0), (9, 4), (23, 23)):  # the last has no target
            tokens = torch.randint(0, vocabulary, (length,)).tolist()
            examples.append((tokens, [i >= first for i in range(length)]))
        modules = [(n, m) for n, m in model.named_modules() if hasattr(m, "lora_A") and len(m.lora_A)]
        pairs = [(m.lora_A["default"].weight, m.lora_B["default"].weight) for _, m in modules]
        with torch.no_grad():
            for a, b in pairs:
                a.copy_(torch.randn_like(a) / a.shape[1] ** 0.5)
                b.copy_(torch.randn_like(b) * 0.3)
        values = [(a.detach().clone(), b.detach().clone()) for a, b in pairs]
        loss, count = loss_of(model, examples)
        loss.backward()
        with open(f"{folder}/lora/{name}.bin", "wb") as f:
            for (a, b), (a0, b0) in zip(pairs, values):
                for tensor in (a0, b0, a.grad, b.grad):
                    f.write(tensor.detach().numpy().astype("<f4").tobytes())
        parameters = [p for pair in pairs for p in pair]
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=DECAY)
        updates = []
        for step in range(UPDATES):
            rate = LEARNING_RATE * (UPDATES - step) / UPDATES
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            current, _ = loss_of(model, examples)
            current.backward()
            norm = torch.nn.utils.clip_grad_norm_(parameters, CLIP).item()
            optimizer.step()
            updates.append(dict(loss=current.item(), lr=rate, grad_norm=norm, tokens=count))
        final, _ = loss_of(model, examples)
        with open(f"{folder}/lora/{name}.json", "w") as f:
            json.dump(dict(
                model=path, r=RANK, lora_alpha=ALPHA, use_rslora=is_stabilized, target_modules=targets,
                learning_rate=LEARNING_RATE, weight_decay=DECAY, max_grad_norm=CLIP, loss=loss.item(),
                final_loss=final.item(), updates=updates,
                examples=[dict(tokens=t, targets=w) for t, w in examples],
                modules=[dict(path=n.removeprefix("base_model.model."), inputs=m.in_features, outputs=m.out_features)
                         for n, m in modules]), f, indent=1)
            f.write("\n")
        print(name, loss.item(), final.item(), [u["grad_norm"] for u in updates])


if __name__ == "__main__":
    main(sys.argv[1])
