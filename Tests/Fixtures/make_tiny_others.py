#!/usr/bin/env python3
"""Write tiny-stablelm.gguf and tiny-gptneox.gguf with their .reference.json: small models of odd sizes with random
weights, and what transformers computes with them in float32.

    python3 -m pip install torch transformers gguf numpy
    python3 Tests/Fixtures/make_tiny_others.py Tests/Fixtures

The vocabulary is that of make_tiny_llama.py.
"""
import json
import sys
import gguf
import numpy as np
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, StableLmConfig, StableLmForCausalLM
import make_tiny_llama as tiny

WIDTH, LAYERS, HEADS, FEED_FORWARD, CONTEXT, THETA, ROTARY = 64, 2, 4, 96, 128, 10000.0, 0.25
KV_HEADS = 2


def vocabulary():
    characters = tiny.byte_characters()
    merges = [("t", "h"), ("th", "e"), (characters[32], "the"), ("i", "n")]
    return characters + [a + b for a, b in merges] + ["<|begin|>", "<|end|>"], merges


def write(folder, arch, model, kv_heads, tensors):
    tokens, merges = vocabulary()
    w = gguf.GGUFWriter(f"{folder}/tiny-{arch}.gguf", arch)
    w.add_name(f"tiny {arch}")
    w.add_block_count(LAYERS)
    w.add_context_length(CONTEXT)
    w.add_embedding_length(WIDTH)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_head_count_kv(kv_heads)
    w.add_layer_norm_eps(1e-5)
    w.add_rope_dimension_count(int(WIDTH // HEADS * ROTARY))
    w.add_parallel_residual(arch == "gptneox")
    w.add_vocab_size(len(tokens))
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("olmo" if arch == "gptneox" else "stablelm2")
    w.add_token_list(tokens)
    w.add_token_types([1] * (len(tokens) - 2) + [3, 3])
    w.add_token_merges([" ".join(m) for m in merges])
    w.add_bos_token_id(len(tokens) - 2)
    w.add_eos_token_id(len(tokens) - 1)
    w.add_add_bos_token(False)
    for name, x in tensors:
        w.add_tensor(name, np.ascontiguousarray(x))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()

    ids = torch.randint(0, len(tokens) - 2, (1, 64))
    with torch.no_grad():
        logits = model(ids).logits[0]
        greedy = model.generate(ids[:, :9], max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=0)
    rows = [0, 1, 2, 31, 62, 63]
    json.dump({"tokens": ids[0].tolist(), "rows": rows,
               "logits": [[round(float(v), 6) for v in logits[r]] for r in rows],
               "argmax": logits.argmax(-1).tolist(),
               "prompt": ids[0, :9].tolist(), "greedy": greedy[0, 9:].tolist()},
              open(f"{folder}/tiny-{arch}.reference.json", "w"))


def randomized(model):
    model = model.float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.copy_(0.1 * torch.randn_like(p))
            elif "norm" in name:
                p.copy_(1 + 0.2 * torch.randn_like(p))
            else:
                p.copy_(torch.randn_like(p) / p.shape[-1] ** 0.5)
    return model, {k: v.detach().numpy() for k, v in model.state_dict().items()}


def stablelm(folder):
    torch.manual_seed(11)
    model, s = randomized(StableLmForCausalLM(StableLmConfig(
        vocab_size=len(vocabulary()[0]), hidden_size=WIDTH, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, max_position_embeddings=CONTEXT, use_qkv_bias=True,
        layer_norm_eps=1e-5, use_parallel_residual=False, qk_layernorm=False, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": THETA, "partial_rotary_factor": ROTARY})))
    tensors = [("token_embd.weight", s["model.embed_tokens.weight"])]
    for i in range(LAYERS):
        for a, b in (("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
                     ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
                     ("mlp.down_proj", "ffn_down"), ("input_layernorm", "attn_norm"),
                     ("post_attention_layernorm", "ffn_norm")):
            for part in ("weight", "bias"):
                if f"model.layers.{i}.{a}.{part}" in s:
                    tensors.append((f"blk.{i}.{b}.{part}", s[f"model.layers.{i}.{a}.{part}"]))
    tensors += [("output_norm.weight", s["model.norm.weight"]), ("output_norm.bias", s["model.norm.bias"]),
                ("output.weight", s["lm_head.weight"])]
    write(folder, "stablelm", model, KV_HEADS, tensors)


def gptneox(folder):
    torch.manual_seed(13)
    model, s = randomized(GPTNeoXForCausalLM(GPTNeoXConfig(
        vocab_size=len(vocabulary()[0]), hidden_size=WIDTH, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, max_position_embeddings=CONTEXT, hidden_act="gelu", layer_norm_eps=1e-5,
        use_parallel_residual=True, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": THETA, "partial_rotary_factor": ROTARY})))

    def regrouped(x):
        """Rows from q, k, v per head to all q, all k, all v, as llama.cpp's conversion does."""
        x = x.reshape(HEADS, 3, WIDTH // HEADS, *x.shape[1:])
        return x.swapaxes(0, 1).reshape(3 * WIDTH, *x.shape[3:])

    tensors = [("token_embd.weight", s["gpt_neox.embed_in.weight"])]
    for i in range(LAYERS):
        for a, b in (("attention.query_key_value", "attn_qkv"), ("attention.dense", "attn_output"),
                     ("mlp.dense_h_to_4h", "ffn_up"), ("mlp.dense_4h_to_h", "ffn_down"),
                     ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm")):
            for part in ("weight", "bias"):
                x = s[f"gpt_neox.layers.{i}.{a}.{part}"]
                tensors.append((f"blk.{i}.{b}.{part}", regrouped(x) if b == "attn_qkv" else x))
    tensors += [("output_norm.weight", s["gpt_neox.final_layer_norm.weight"]),
                ("output_norm.bias", s["gpt_neox.final_layer_norm.bias"]), ("output.weight", s[next(k for k in ("embed_out.weight", "lm_head.weight") if k in s)])]
    write(folder, "gptneox", model, HEADS, tensors)


if __name__ == "__main__":
    stablelm(sys.argv[1])
    gptneox(sys.argv[1])
