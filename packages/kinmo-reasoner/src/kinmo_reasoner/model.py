"""Causal language models as reasoners: any model by name or path, its LoRA adapter, and a folder that holds one of them.

KinMo fine-tunes LLaMA-3 to write the text of every limb from the caption (ICCV 2025, section 4, equation 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kinmo_core.errors import InputError
from kinmo_core.model_folder import load_config, new_folder, save_config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_BASE: Final = "meta-llama/Meta-Llama-3-8B-Instruct"
DTYPES: Final = ("float32", "bfloat16", "float16")
_ADAPTER: Final = "adapter_model.safetensors"
_SHOWN_CHARACTERS: Final = 200  # of a library's error message


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters beside frozen matrices (Hu et al., 2021).

    Args:
        rank: of the update of a matrix.
        alpha: the update is scaled by alpha / rank.
        dropout: before the update.
        targets: names of the adapted matrices; the default is every matrix of a LLaMA block.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def need(library: str, extra: str) -> None:
    """Check that a library is installed, without importing it.

    Raises:
        InputError: it is missing; names it and the pip line.
    """
    if find_spec(library) is None:
        raise InputError(f"this needs {library}; install it with: pip install 'kinmo-reasoner[{extra}]'")


def load_tokenizer(base: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a language model by name or path.

    Raises:
        InputError: there is none, or it has no chat template.
    """
    need("transformers", "lora")
    from transformers import AutoTokenizer

    _check_folder(base)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except Exception as error:  # transformers raises errors of many types for a missing or damaged tokenizer
        raise InputError(f"cannot load the tokenizer of {base}: {_one_line(error)}") from None
    if not tokenizer.chat_template:
        raise InputError(f"the tokenizer of {base} must have a chat template; choose a model that is tuned for chat")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_base(base: str, *, dtype: str = "float32", four_bit: bool = False) -> PreTrainedModel:
    """Load a causal language model by name or path, from safetensors alone.

    Args:
        base: name on the Hugging Face hub, or a folder.
        dtype: of the weights, one of `DTYPES`.
        four_bit: whether to keep the weights in 4 bits (NF4 of QLoRA), which needs a GPU and the extra `4bit`.

    Raises:
        InputError: it cannot be loaded, or a library is missing.
    """
    need("transformers", "lora")
    import torch
    from transformers import AutoModelForCausalLM

    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    _check_folder(base)
    kind = getattr(torch, dtype)
    options: dict[str, Any] = {"quantization_config": _four_bits(kind)} if four_bit else {}
    try:
        return AutoModelForCausalLM.from_pretrained(base, dtype=kind, use_safetensors=True, **options)
    except Exception as error:  # as for the tokenizer
        raise InputError(f"cannot load the language model {base}: {_one_line(error)}") from None


def add_adapter(model: PreTrainedModel, settings: LoraSettings, *, four_bit: bool = False) -> PeftModel:
    """Freeze a model and put new LoRA adapters, in float32, beside its matrices.

    Raises:
        InputError: the model has no matrix of one of the names, or peft is missing.
    """
    need("peft", "lora")
    import peft

    if four_bit:
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(settings.targets),
        task_type="CAUSAL_LM",
    )
    try:
        adapted = peft.get_peft_model(model, config)
    except ValueError as error:
        raise InputError(f"lora: {_one_line(error)}") from None
    assert isinstance(adapted, peft.PeftModel)
    return adapted


def save_folder(folder: Path, model: Any, tokenizer: PreTrainedTokenizerBase, *, base: str | None) -> None:
    """Write a trained model as safetensors: the adapter alone, or all weights.

    Args:
        folder: created.
        model: a `PeftModel`, or a whole model.
        tokenizer: written beside whole models only; an adapter takes that of its base.
        base: name of the model that an adapter belongs to; None for a whole model.

    Raises:
        InputError: the folder cannot be written.
    """
    with new_folder(folder) as new:
        model.save_pretrained(new, safe_serialization=True)
        if base is None:
            tokenizer.save_pretrained(new)
        save_config(new, {"base": base})


def load_folder(folder: Path, *, base: str | None = None, dtype: str = "float32", four_bit: bool = False) -> Any:
    """Load what `save_folder` wrote, frozen and in eval mode: a `PeftModel` on its base, or a whole model.

    Args:
        folder: the model folder.
        base: the base of the adapter; the one that the folder names if None.
        dtype, four_bit: of the base, see `load_base`.

    Raises:
        InputError: it is not a model folder, its weights are missing or damaged, or the adapter is for another base.
    """
    own = base_of(folder)
    if own is None:
        if base is not None:
            raise InputError(f"{folder} holds a whole model, not an adapter; it takes no base, got {base}")
        return load_base(str(folder), dtype=dtype, four_bit=four_bit).eval().requires_grad_(False)
    if base is not None and not _same(base, own):
        raise InputError(f"the adapter {folder} is for the base model {own}, got {base}")
    need("peft", "lora")
    import peft

    if not (folder / _ADAPTER).is_file():
        raise InputError(f"no weights {folder / _ADAPTER}")
    model = load_base(base or own, dtype=dtype, four_bit=four_bit)
    try:
        return peft.PeftModel.from_pretrained(model, str(folder)).eval().requires_grad_(False)
    except Exception as error:  # peft raises errors of many types for damaged files and other shapes
        raise InputError(f"the adapter {folder} does not fit {base or own}: {_one_line(error)}") from None


def base_of(folder: Path) -> str | None:
    """Return the base model that the adapter in a model folder is for; None for a whole model.

    Raises:
        InputError: it is not a model folder.
    """
    base = load_config(folder, required=["base"])["base"]
    if base is not None and not isinstance(base, str):
        raise InputError(f"{folder / 'model.yaml'}: base must be the name of a model or null, got {base!r:.80}")
    return base


def merge(folder: Path, out: Path, *, base: str | None = None, dtype: str = "bfloat16") -> None:
    """Add an adapter to the weights of its base and write the whole model, which needs neither peft nor the base.

    Args:
        folder: model folder with an adapter.
        out: folder of the whole model; must not exist.
        base: see `load_folder`.
        dtype: of the written weights.

    Raises:
        InputError: as `load_folder`; the folder holds a whole model already, or `out` exists.
    """
    own = base_of(folder)
    if own is None:
        raise InputError(f"{folder} holds a whole model already; there is nothing to merge")
    if out.exists():
        raise InputError(f"{out} must not exist yet")
    tokenizer = load_tokenizer(base or own)
    model = load_folder(folder, base=base, dtype=dtype).merge_and_unload()
    save_folder(out, model, tokenizer, base=None)


def _four_bits(compute: Any) -> Any:
    """Return the configuration of NF4 weights that are computed with in another type."""
    try:
        import bitsandbytes  # noqa: F401  # pyright: ignore[reportMissingImports]  # an extra of few users
    except ImportError:
        raise InputError("four_bit needs bitsandbytes; install it with: pip install 'kinmo-reasoner[4bit]'") from None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
    )


def _check_folder(base: str) -> None:
    """Refuse a path that is no folder, before transformers looks it up on the hub."""
    if base.startswith((".", "/", "~")) and not Path(base).is_dir():
        raise InputError(f"no model folder {base}")


def _same(first: str, second: str) -> bool:
    return first == second or (Path(first).is_dir() and Path(first).resolve() == Path(second).resolve())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN_CHARACTERS]
