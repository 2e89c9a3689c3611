"""Records what transformers renders, for the tests of ChatTemplate.

Usage, from the top of the checkout, with transformers 5.23 and jinja2 3.1.6:

    python3 Tests/Fixtures/chat-templates/make_fixtures.py PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf \
        PATH/TO/FOLDER/WITH/LLAMA-3/TEMPLATES

Writes rendered.json (the templates beside this script: whole texts; those of others: digests) and
expressions.json (snippets of Jinja, in snippets.py) into its own folder. With --stdin it renders
the JSON lines {"template", "messages", "add_generation_prompt", "bos_token", "eos_token"} that it
reads and writes one JSON line for each instead.
"""

import datetime
import hashlib
import json
import pathlib
import sys

import transformers.utils.chat_template_utils as reference

HERE = pathlib.Path(__file__).parent

# The tokens that the tokenizer configuration of each model names.
TOKENS = {
    "tinyllama-chat": ("<s>", "</s>"),
    "llama-2-chat": ("<s>", "</s>"),
    "stablelm-2-chat": ("<|endoftext|>", "<|im_end|>"),
    "stablelm-zephyr": ("<|endoftext|>", "<|endoftext|>"),
    "smollm2": ("<|im_start|>", "<|im_end|>"),
    "llama-3": ("<|begin_of_text|>", "<|eot_id|>"),
}


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26)


def render(template, messages, add_generation_prompt, bos_token, eos_token):
    """The text, or {"error": ...} when the template refuses or fails."""
    try:
        texts, _ = reference.render_jinja_template(
            conversations=[messages],
            chat_template=template,
            add_generation_prompt=add_generation_prompt,
            bos_token=bos_token,
            eos_token=eos_token,
        )
        return {"text": texts[0]}
    except Exception as error:  # Python's own errors too: the template decides what is raised.
        return {"error": type(error).__name__, "message": str(error)}


def table(template, tokens, conversations, digest):
    """Both forms of each conversation: without and with the generation prompt."""
    result = {}
    for name, messages in conversations.items():
        forms = [render(template, messages, prompt, *tokens) for prompt in (False, True)]
        if digest:
            forms = [
                {"sha256": hashlib.sha256(form["text"].encode()).hexdigest()}
                if "text" in form
                else form
                for form in forms
            ]
        result[name] = forms
    return result


def main():
    reference.datetime = FixedDate
    if sys.argv[1:] == ["--stdin"]:
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps(render(**request)))
        return
    import gguf
    from snippets import SNIPPETS

    model, folder = map(pathlib.Path, sys.argv[1:])
    conversations = json.loads((HERE / "conversations.json").read_text())
    rendered = {}
    for path in sorted(HERE.glob("*.jinja")):
        rendered[path.stem] = {
            "tokens": TOKENS[path.stem],
            "texts": table(path.read_text(), TOKENS[path.stem], conversations, False),
        }
    field = gguf.GGUFReader(model).fields["tokenizer.chat_template"]
    others = [("SmolLM2", "smollm2", bytes(field.parts[field.data[0]]).decode())]
    others += [(path.name, "llama-3", path.read_text()) for path in sorted(folder.glob("*.jinja"))]
    for name, tokens, template in others:
        rendered[name] = {
            "tokens": TOKENS[tokens],
            "template_sha256": hashlib.sha256(template.encode()).hexdigest(),
            "texts": table(template, TOKENS[tokens], conversations, True),
        }
    write("rendered.json", rendered)
    messages = conversations["system and three turns"]
    write(
        "expressions.json",
        [{"template": s, **render(s, messages, True, "<s>", "</s>")} for s in SNIPPETS],
    )


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, indent=1)
    (HERE / name).write_text(text + "\n")


main()
