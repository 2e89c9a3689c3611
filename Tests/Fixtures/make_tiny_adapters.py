#!/usr/bin/env python3
"""Write adapters/NAME/: a LoRA adapter of PEFT's with random numbers for the model checkpoints/NAME, as PEFT saves it,
and logits.f32: what PEFT computes with both for the model's first 16 reference tokens in float32, [16, V].

    python3 -m pip install torch transformers peft
    python3 Tests/Fixtures/make_tiny_adapters.py Tests/Fixtures/checkpoints Tests/Fixtures/adapters

With --check ADAPTER it writes nothing: it loads an adapter with PEFT, whoever has made it, and prints the logits.
"""
import json
import pathlib
import shutil
import sys
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

POSITIONS = 16
# name: what is adapted (None: PEFT's default for the architecture), rank, alpha, rank-stabilised
ADAPTERS = {
    "llama-scaled": ("all-linear", 3, 6, False),
    "llama-old": (None, 8, 16, False),
    "stablelm": (["q_proj", "k_proj", "mlp.down_proj"], 4, 3, True),
    "gptneox": (None, 4, 8, False),
    "gptneox-sequential": (r".*\.(query_key_value|dense|dense_4h_to_h)", 2, 5, False),
}


def base(checkpoint):
    return AutoModelForCausalLM.from_pretrained(checkpoint / "hf", dtype=torch.float32).eval()


def logits(model, checkpoint):
    tokens = json.loads((checkpoint / "reference.json").read_text())["tokens"][:POSITIONS]
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0]


def main(checkpoints, adapters):
    for seed, (name, (targets, rank, alpha, stable)) in enumerate(ADAPTERS.items()):
        torch.manual_seed(seed)
        checkpoint, folder = pathlib.Path(checkpoints) / name, pathlib.Path(adapters) / name
        shutil.rmtree(folder, ignore_errors=True)
        model = get_peft_model(base(checkpoint), LoraConfig(
            task_type="CAUSAL_LM", r=rank, lora_alpha=alpha, lora_dropout=0.05, target_modules=targets,
            use_rslora=stable)).eval()
        with torch.no_grad():
            for key, p in model.named_parameters():
                if "lora_" in key:
                    p.copy_(torch.randn_like(p) / p.shape[-1] ** 0.5)
        model.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        # The path that the base was loaded from is nobody's business.
        config = json.loads((folder / "adapter_config.json").read_text())
        config["base_model_name_or_path"] = name
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        with_adapter = logits(model, checkpoint)
        change = (with_adapter - logits(base(checkpoint), checkpoint)).abs().max()
        print(f"{name}: {sum('lora_A' in k for k, _ in model.named_parameters())} layers, logits change by {change:.2f}")
        (folder / "logits.f32").write_bytes(with_adapter.numpy().astype("<f4").tobytes())


def check(checkpoint, adapter):
    checkpoint = pathlib.Path(checkpoint)
    model = PeftModel.from_pretrained(base(checkpoint), adapter).eval()
    print(json.dumps(logits(model, checkpoint).flatten().tolist()))


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
