#!/usr/bin/env python3
"""Write checkpoints/NAME/: a small model of odd sizes with random weights as a Hugging Face folder and as GGUF, and
what transformers computes with it in float32.

    python3 -m pip install torch transformers gguf numpy
    python3 Tests/Fixtures/make_tiny_checkpoints.py Tests/Fixtures/checkpoints

hf/ is what save_pretrained writes; gguf/ is written with gguf-py in llama.cpp's order of rows, split where the folder
is sharded; logits.f32 are the logits [64, V], little-endian; reference.json has the tokens and a greedy continuation.
"""
import json
import pathlib
import shutil
import sys
import gguf
import numpy as np
import torch
from transformers import (GenerationConfig, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM,
                          StableLmConfig, StableLmForCausalLM)

VOCABULARY, POSITIONS = 97, 64
SIZES = dict(vocab_size=VOCABULARY, hidden_size=48, intermediate_size=68, num_hidden_layers=2, num_attention_heads=3,
             max_position_embeddings=128, bos_token_id=1, eos_token_id=[2, 5])
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}


def plain(theta, **more):
    return {"rope_type": "default", "rope_theta": theta, **more}


# name: seed, class, configuration, number type, options
MODELS = {
    # Llama 3.2 in small: stretched positions, tied, in shards.
    "llama-scaled": (1, LlamaForCausalLM, LlamaConfig(
        **SIZES, num_key_value_heads=1, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=LLAMA3),
        torch.bfloat16, {"shards"}),
    # A configuration as transformers 4 wrote it; heads that do not add up to the width.
    "llama-old": (2, LlamaForCausalLM, LlamaConfig(
        **SIZES, num_key_value_heads=3, head_dim=12, rms_norm_eps=1e-6, rope_parameters=plain(20000.0)),
        torch.float32, {"old"}),
    "stablelm": (3, StableLmForCausalLM, StableLmConfig(
        **SIZES, num_key_value_heads=1, use_qkv_bias=True, layer_norm_eps=1e-5, use_parallel_residual=False,
        rope_parameters=plain(10000.0, partial_rotary_factor=0.25)), torch.float16, set()),
    "gptneox": (4, GPTNeoXForCausalLM, GPTNeoXConfig(
        **SIZES, layer_norm_eps=1e-5, rope_parameters=plain(10000.0, partial_rotary_factor=0.25)), torch.float16,
        {"masks"}),
    "gptneox-sequential": (5, GPTNeoXForCausalLM, GPTNeoXConfig(
        **SIZES, layer_norm_eps=1e-5, use_parallel_residual=False, tie_word_embeddings=True,
        rope_parameters=plain(5000.0, partial_rotary_factor=0.5)), torch.float32, {"old"}),
}
LLAMA_NAMES = [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
               ("model.layers", "blk"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
               ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"), ("input_layernorm", "attn_norm"),
               ("post_attention_layernorm", "ffn_norm"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
               ("mlp.down_proj", "ffn_down")]
NEOX_NAMES = [("gpt_neox.embed_in", "token_embd"), ("gpt_neox.final_layer_norm", "output_norm"),
              ("embed_out", "output"), ("lm_head", "output"), ("gpt_neox.layers", "blk"),
              ("attention.query_key_value", "attn_qkv"), ("attention.dense", "attn_output"),
              ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
              ("mlp.dense_h_to_4h", "ffn_up"), ("mlp.dense_4h_to_h", "ffn_down")]


def randomize(model):
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.copy_(0.1 * torch.randn_like(p))
            elif "norm" in name:
                p.copy_(1 + 0.2 * torch.randn_like(p))
            else:
                p.copy_(torch.randn_like(p) / p.shape[-1] ** 0.5)


def old_style(path):
    """The same configuration in the words of transformers 4."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["torch_dtype"] = config.pop("dtype")
    if config["model_type"] == "gpt_neox":
        config["rotary_emb_base"], config["rotary_pct"] = rope["rope_theta"], rope["partial_rotary_factor"]
    else:
        config["rope_theta"], config["rope_scaling"] = rope["rope_theta"], None
    path.write_text(json.dumps(config, indent=2) + "\n")


def gguf_rows(name, x, config, arch):
    """Rows in llama.cpp's order."""
    heads, tail = config.num_attention_heads, x.shape[1:]
    if "attn_qkv" in name:
        return x.reshape(heads, 3, -1, *tail).swapaxes(0, 1).reshape(x.shape)
    if arch == "llama" and ("attn_q." in name or "attn_k." in name):
        heads = heads if "attn_q." in name else config.num_key_value_heads
        return x.reshape(heads, 2, -1, *tail).swapaxes(1, 2).reshape(x.shape)
    return x


def write_gguf(folder, name, model, state, kind, is_split):
    config, arch = model.config, "gptneox" if name.startswith("gptneox") else name.split("-")[0]
    folder.mkdir(parents=True)
    w = gguf.GGUFWriter(None, arch, split_max_tensors=9 if is_split else 0)
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    w.add_name(name)
    w.add_block_count(config.num_hidden_layers)
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    w.add_head_count_kv(getattr(config, "num_key_value_heads", config.num_attention_heads))
    w.add_key_length(head_size)
    w.add_value_length(head_size)
    w.add_rope_freq_base(rope["rope_theta"])
    w.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", 1)))
    w.add_vocab_size(config.vocab_size)
    if arch == "llama":
        w.add_layer_norm_rms_eps(config.rms_norm_eps)
    else:
        w.add_layer_norm_eps(config.layer_norm_eps)
        w.add_parallel_residual(config.use_parallel_residual)
    if rope["rope_type"] == "llama3":
        # As llama.cpp's conversion computes them.
        f = 1.0 / rope["rope_theta"] ** (torch.arange(0, head_size, 2, dtype=torch.float32) / head_size)
        context, low, high = rope["original_max_position_embeddings"], rope["low_freq_factor"], rope["high_freq_factor"]
        wavelengths = 2 * np.pi / f
        share = (context / wavelengths - low) / (high - low)
        divisors = torch.where(wavelengths < context / high, 1.0, torch.where(
            wavelengths > context / low, rope["factor"], 1 / ((1 - share) / rope["factor"] + share)))
        w.add_tensor("rope_freqs.weight", divisors.to(torch.float32).numpy())
    for source, x in state.items():
        target = source
        for a, b in (NEOX_NAMES if arch == "gptneox" else LLAMA_NAMES):
            target = target.replace(a, b)
        if target == "output.weight" and config.tie_word_embeddings:
            continue
        x = np.ascontiguousarray(gguf_rows(target, x.float().numpy(), config, arch))
        if x.ndim == 1 or kind == torch.float32:
            w.add_tensor(target, x)
        elif kind == torch.float16:
            w.add_tensor(target, x.astype(np.float16))
        else:
            w.add_tensor(target, gguf.quants.quantize(x, gguf.GGMLQuantizationType.BF16),
                         raw_dtype=gguf.GGMLQuantizationType.BF16)
    w.write_header_to_file(folder / "model.gguf")
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def add_masks(path):
    """The buffers that older Pythia files hold beside the weights."""
    from safetensors.torch import load_file, save_file
    tensors = load_file(path)
    for i in range(SIZES["num_hidden_layers"]):
        prefix = f"gpt_neox.layers.{i}.attention."
        tensors[prefix + "bias"] = torch.ones(1, 1, 8, 8, dtype=torch.uint8)
        tensors[prefix + "masked_bias"] = torch.tensor(-1e9)
        tensors[prefix + "rotary_emb.inv_freq"] = torch.ones(2)
    save_file(tensors, path, metadata={"format": "pt"})


def main(root):
    for name, (seed, kind, config, number, options) in MODELS.items():
        torch.manual_seed(seed)
        folder = pathlib.Path(root) / name
        shutil.rmtree(folder, ignore_errors=True)
        model = kind(config)
        randomize(model)
        model = model.to(number)
        model.save_pretrained(folder / "hf", max_shard_size="30KB" if "shards" in options else "5GB")
        (folder / "hf" / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": [2, 5]}))
        if "old" in options:
            old_style(folder / "hf" / "config.json")
        if "masks" in options:
            add_masks(folder / "hf" / "model.safetensors")
        state = {k: v.detach() for k, v in model.state_dict().items()}
        write_gguf(folder / "gguf", name, model, state, number, "shards" in options)
        # Read again: converting would leave the tables of positions rounded.
        model = kind.from_pretrained(folder / "hf", dtype=torch.float32).eval()
        model.generation_config = GenerationConfig(bos_token_id=1, pad_token_id=0)
        ids = torch.randint(0, VOCABULARY, (1, POSITIONS))
        with torch.no_grad():
            logits = model(ids).logits[0]
            greedy = model.generate(ids[:, :9], attention_mask=torch.ones(1, 9, dtype=torch.long), max_new_tokens=24,
                                    do_sample=False)
        (folder / "logits.f32").write_bytes(logits.numpy().astype("<f4").tobytes())
        (folder / "reference.json").write_text(json.dumps(
            {"tokens": ids[0].tolist(), "prompt": ids[0, :9].tolist(), "greedy": greedy[0, 9:].tolist()}))


if __name__ == "__main__":
    main(sys.argv[1])
