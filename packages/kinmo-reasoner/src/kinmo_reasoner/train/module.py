"""LightningModule of a causal language model that writes timelines: LoRA on a frozen base, or all weights."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.nn.distributed import sum_over_processes, world_size
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_reasoner.model import DEFAULT_BASE, LoraSettings, add_adapter, load_base
from kinmo_reasoner.packing import IGNORED, Rows


class ReasonerModule(Stage):
    """Learns the next token of the answer, given the sentence (KinMo, ICCV 2025, equation 8).

    The model is loaded when training starts, in every process. Checkpoints hold what is trained, not the frozen base.

    Args:
        base: name or folder of the language model.
        lora: adapters; None trains all weights.
        optim: optimiser.
        dtype: of the base's weights; trained weights are float32.
        four_bit: keeps the frozen base in 4 bits.
        checkpointing: whether to compute activations again in the backward pass instead of keeping them.
    """

    model: Any

    def __init__(
        self,
        base: str = DEFAULT_BASE,
        lora: LoraSettings | None = LoraSettings(),
        optim: OptimConfig = OptimConfig(learning_rate=1e-4, warmup_steps=100, betas=(0.9, 0.999)),
        *,
        dtype: str = "bfloat16",
        four_bit: bool = False,
        checkpointing: bool = True,
    ) -> None:
        configs: dict[str, Any] = {"base": base} if lora is None else {"base": base, "lora": lora}
        super().__init__(optim, **configs)
        if lora is None and (four_bit or dtype != "float32"):
            raise InputError("training all weights needs dtype float32 and four_bit false; or choose lora")
        self.base, self.lora = base, lora
        self.base_dtype, self.four_bit, self.checkpointing = dtype, four_bit, checkpointing
        self.model = None
        self.strict_loading = False  # checkpoints lack the frozen weights; `on_load_checkpoint` checks the others

    def configure_model(self) -> None:
        """Load the base and add the adapters."""
        if self.model is not None:
            return
        model: Any = load_base(self.base, dtype=self.base_dtype, four_bit=self.four_bit)
        model.config.use_cache = False
        if self.lora is not None:
            model = add_adapter(model, self.lora, four_bit=self.four_bit)
        if self.checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.model = model.train()

    def training_step(self, batch: Rows, batch_idx: int) -> Tensor:
        """Return the mean loss of the answers' tokens in the batch of all processes."""
        total, count = self._loss(batch)
        # Processes have different numbers of tokens, and DDP averages their gradients without weights.
        of_all = count.clone()
        sum_over_processes(of_all)
        self.log("train/loss", total.detach() / count, prog_bar=True)
        return total * world_size() / of_all

    def validation_step(self, batch: Rows, batch_idx: int) -> None:
        """Log the mean loss of the answers' tokens."""
        total, count = self._loss(batch)
        self.log("val/loss", total / count, batch_size=int(count), sync_dist=True, prog_bar=True)

    def _loss(self, batch: Rows) -> tuple[Tensor, Tensor]:
        """Return the sum of the losses of the answers' tokens, and their number."""
        logits = self.model(input_ids=batch.ids, position_ids=batch.positions, use_cache=False).logits
        learned = batch.labels != IGNORED
        return F.cross_entropy(logits[learned].float(), batch.labels[learned], reduction="sum"), learned.sum()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the frozen weights."""
        super().on_save_checkpoint(checkpoint)
        trained = self._trained()
        checkpoint["state_dict"] = {name: v for name, v in checkpoint["state_dict"].items() if name in trained}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check that the checkpoint is of this base and of these trained weights.

        Raises:
            InputError: it is not; names both.
        """
        found = checkpoint["hyper_parameters"].get("base")
        if found != self.base:
            raise InputError(f"the checkpoint is for the base model {found}, got {self.base}")
        if checkpoint["state_dict"].keys() != self._trained():
            raise InputError(f"the checkpoint does not fit: {self.base} is adapted in another way in it")

    def _trained(self) -> set[str]:
        return {name for name, weight in self.named_parameters() if weight.requires_grad}
