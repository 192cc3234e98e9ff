"""Trains the network of `config.json` in PyTorch, on one device or on many, as `repfuse train` does.

    python3 train.py --data FOLDER                           # one process
    torchrun --nproc_per_node 8 train.py --data FOLDER       # one per GPU; batchSize is that of all together
    python3 train.py --data FOLDER --resume                  # goes on after the last whole epoch

It needs PyTorch 1.13 or newer and numpy, and Pillow where the data are folders of pictures. Network, recipe,
images held back and order of images are those of `repfuse train`: without augmentation and dropout, and from
the same weights (`--init`), the two differ in rounding alone. Else:

- Augmentation, dropout, mixup and fresh weights are drawn by numpy: the same distributions, other numbers.
- BatchNorm keeps the biased variance of a batch for inference, as RepFuse does, so that both evaluate alike;
  PyTorch's own layer keeps n / (n - 1) times that.
- Pictures are decoded and resized by Pillow, whose pixels may differ by a level.

Into `--output` go `model.safetensors`, which `repfuse import` takes, `model.pth` (the same weights for
`load_state_dict`, without the architecture), `metrics.jsonl` and the checkpoints.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from data import Random, Split, augment, read_data
from network import BatchNorm, Network, plain_twin
from weights import put, read_safetensors, weights_of, write_safetensors

RANK, RANKS = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
CONFIG_KEYS = {"preset", "seed", "data", "network", "training"}
RECIPE_KEYS = set(
    "form epochs batchSize learningRate warmupEpochs momentum weightDecay labelSmoothing balance emaDecay".split()
    + "shift flip minCrop colorJitter cutout mixup dropout rDropAlpha".split()
    + "validationShare keep patience recalibrateBatches".split()
)
EVALUATION_BATCH = 200


def parse_options() -> argparse.Namespace:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=here / "config.json", help="of a RepFuse run")
    parser.add_argument(
        "--data", type=Path, help="folder of IDX files, CIFAR-10's batches or class folders of pictures"
    )
    parser.add_argument("--output", type=Path, default=here / "out", help="where everything goes")
    parser.add_argument("--init", type=Path, help="weights to start from, .safetensors (default: fresh ones)")
    parser.add_argument("--resume", action="store_true", help="go on after the last whole epoch in --output")
    parser.add_argument(
        "--stop-after", type=int, default=sys.maxsize, metavar="EPOCHS", help="stop early; see --resume"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--losses", type=Path, help="a file for the loss of every step")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    config = read_config(options.config)
    device = torch.device(options.device)
    if RANKS > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", RANK % torch.cuda.device_count())))
            torch.cuda.set_device(device)
    options.output.mkdir(parents=True, exist_ok=True)
    data = read_data(options.data or Path(config["data"]["source"]), config, say)
    is_plain = config["training"]["form"] == "plain"
    architecture = plain_twin(config["network"]) if is_plain else config["network"]
    network = Network(architecture, config["seed"])
    if options.init:
        put(network, read_safetensors(options.init), str(options.init))
    network.to(device, getattr(torch, options.dtype))
    training = Training(network, data, config, options.output)
    if options.resume:
        training.restore(options.output / "last.pt")
    say(
        f"{config['preset']}: {sum(p.numel() for p in network.parameters()):,} parameters, "
        f"{', '.join(f'{len(split.labels)} {part}' for part, split in data.items())} images, "
        f"{training.steps} steps in an epoch, {RANKS} rank(s) on {device.type}"
    )
    losses = options.losses.open("w") if options.losses and RANK == 0 else None
    while not training.finished and training.epoch < options.stop_after:
        training.run_epoch(losses)
    if training.finished:
        training.finish(architecture)
    if RANKS > 1:
        dist.barrier()
        dist.destroy_process_group()


def read_config(path: Path) -> dict[str, Any]:
    """A run's configuration; what of it this program does not do is refused by name."""
    config = json.loads(path.read_text())
    unknown = sorted(set(config) - CONFIG_KEYS)
    unknown += sorted(key for key, value in config["training"].items() if key not in RECIPE_KEYS and value)
    if config["training"]["form"] not in ("wide", "plain"):
        unknown.append(f"form {config['training']['form']}")
    if unknown:
        sys.exit(f"Cannot train as {path} says: {', '.join(unknown)} is not carried over to train.py.")
    if config["training"]["batchSize"] % RANKS:
        sys.exit(
            f"A batch of {config['training']['batchSize']} images cannot be shared evenly by {RANKS} ranks."
        )
    return config


class Training:
    """A training run between two epochs: everything that its rest depends on."""

    def __init__(
        self, network: Network, data: dict[str, Split], config: dict[str, Any], output: Path
    ) -> None:
        self.network, self.config, self.recipe, self.output = network, config, config["training"], output
        self.device, self.dtype = network.made["linear"].weight.device, network.made["linear"].weight.dtype
        self.data = {
            part: (torch.as_tensor(split.images, device=self.device), split.labels.astype(np.int64))
            for part, split in data.items()
        }
        count, self.classes = len(data["train"].labels), len(config["data"]["classNames"])
        self.steps = count // self.recipe["batchSize"]
        counts = np.bincount(data["train"].labels, minlength=self.classes)
        self.class_weights = (
            count / (self.classes * np.maximum(counts, 1)) if self.recipe["balance"] else None
        )
        # L2 decay is for kernels, which have several axes: not for biases and BatchNorm.
        kernels = [p for p in network.parameters() if p.ndim > 1]
        vectors = [p for p in network.parameters() if p.ndim == 1]
        self.optimizer = torch.optim.SGD(
            [{"params": kernels, "weight_decay": self.recipe["weightDecay"]}, {"params": vectors}],
            lr=self.recipe["learningRate"],
            momentum=self.recipe["momentum"],
            nesterov=self.recipe["momentum"] > 0,
        )
        self.average = (
            {n: w.clone() for n, w in weights_of(network).items()} if self.recipe["emaDecay"] else {}
        )
        # Every rank has the same statistics already, so that nothing has to be sent but gradients.
        self.parallel: nn.Module = (
            nn.parallel.DistributedDataParallel(
                network, [self.device] if self.device.type == "cuda" else None, broadcast_buffers=False
            )
            if RANKS > 1
            else network
        )
        self.random = Random(config["seed"], "training")
        self.history: list[dict[str, Any]] = []

    @property
    def epoch(self) -> int:
        return len(self.history)

    @property
    def best(self) -> int:
        """The epoch of the highest validation accuracy, the first of equals; else the present one."""
        measured = [row for row in self.history if "validationAccuracy" in row]
        return max(measured, key=lambda row: row["validationAccuracy"])["epoch"] if measured else self.epoch

    @property
    def finished(self) -> bool:
        patience = self.recipe["patience"]
        return self.epoch >= self.recipe["epochs"] or 0 < patience <= self.epoch - self.best

    def learning_rate(self, step: int) -> float:
        """A linear warm-up, then half a cosine down to zero; steps count from 0 over the whole training."""
        warmup = math.floor(self.recipe["warmupEpochs"] * self.steps + 0.5)
        if step < warmup:
            return self.recipe["learningRate"] * (step + 1) / warmup
        progress = min(1, (step - warmup) / max(1, self.recipe["epochs"] * self.steps - warmup))
        return self.recipe["learningRate"] * 0.5 * (1 + math.cos(math.pi * progress))

    def run_epoch(self, losses: Any = None) -> None:
        batch = self.recipe["batchSize"]
        order = self.random.shuffle(len(self.data["train"][1]))
        self.network.train()
        loss_sum = correct_sum = 0.0
        for step in range(self.steps):
            loss, correct = self.run_step(
                order[step * batch : (step + 1) * batch], self.epoch * self.steps + step
            )
            if not math.isfinite(loss):
                sys.exit(
                    f"The loss is {loss} in step {step + 1} of epoch {self.epoch + 1}: lower learningRate."
                )
            loss_sum, correct_sum = loss_sum + loss, correct_sum + correct
            if losses:
                print(loss, file=losses, flush=True)
        row = {
            "epoch": self.epoch + 1,
            "learningRate": self.learning_rate((self.epoch + 1) * self.steps - 1),
            "trainingLoss": loss_sum / self.steps,
            "trainingAccuracy": correct_sum / (self.steps * batch),
        }
        if "validation" in self.data:
            with self.served():
                row["validationLoss"], row["validationAccuracy"] = self.evaluate("validation")
        self.history.append(row)
        say("  ".join(f"{key} {value:.6g}" for key, value in row.items()))
        if RANK == 0:
            self.save(self.output / "last.pt")
            if self.best == self.epoch:
                self.save(self.output / "best.pt")
            (self.output / "metrics.jsonl").write_text(
                "".join(json.dumps(row) + "\n" for row in self.history)
            )

    def run_step(self, indices: np.ndarray, step: int) -> tuple[float, float]:
        """One step on a batch, of which every rank takes its share; its loss and right answers."""
        alpha, batch = self.recipe["rDropAlpha"], len(indices)
        own = np.arange(RANK * batch // RANKS, (RANK + 1) * batch // RANKS)
        # The same numbers on every rank: what happens to all of the batch is drawn on each.
        rng = np.random.default_rng([self.config["seed"] & 0xFFFFFFFF, step])
        x, shares, weights = self.examples(indices, own, rng)
        logits = self.parallel(x, self.masks(rng, batch, own))
        loss = sum(-(weights * (shares * scores.log_softmax(1)).sum(1)).sum() for scores in logits)
        if alpha:  # half of KL(p, q) + KL(q, p), over the batch
            p, q = (scores.log_softmax(1) for scores in logits)
            loss = loss + alpha / 2 * ((p.exp() - q.exp()) * (p - q)).sum() / batch
        self.optimizer.zero_grad()
        (loss * RANKS).backward()  # DistributedDataParallel takes the mean of the ranks' gradients
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(step)
        self.optimizer.step()
        with torch.no_grad():
            for name, weight in weights_of(self.network).items() if self.average else ():
                self.average[name].lerp_(weight, 1 - self.recipe["emaDecay"])
        right = (logits[0].argmax(1).cpu().numpy() == self.data["train"][1][indices[own]]).sum()
        return self.total([loss.item(), right])

    def examples(self, indices: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """A rank's own images, what their logits are to say, and how much they count, in all of the batch 1."""
        recipe, batch, labels = self.recipe, len(indices), self.data["train"][1][indices]
        share = rng.beta(recipe["mixup"], recipe["mixup"]) if recipe["mixup"] else 1.0
        share = max(share, 1 - share)
        places = np.concatenate([own, batch - 1 - own]) if share < 1 else own
        x = normalized(augment(self.bytes("train", indices[places]), recipe, rng, batch, places), self.dtype)
        shares = F.one_hot(torch.as_tensor(labels, device=self.device), self.classes).to(self.dtype)
        shares = shares * (1 - recipe["labelSmoothing"]) + recipe["labelSmoothing"] / self.classes
        weights = np.ones(batch) if self.class_weights is None else self.class_weights[labels]
        weights = torch.as_tensor(weights / weights.sum(), dtype=self.dtype, device=self.device)
        if share < 1:  # everything is blended with that of the batch in the opposite order
            x = x[: len(own)] * share + x[len(own) :] * (1 - share)
            shares, weights = (v * share + v.flip(0) * (1 - share) for v in (shares, weights))
        return x, shares[own], weights[own]

    def masks(self, rng: np.random.Generator, batch: int, own: np.ndarray) -> tuple[Tensor, ...]:
        """What a rank's features are multiplied by: dropout, twice where R-Drop compares two of them."""
        dropout, width = self.recipe["dropout"], self.network.places[-1].width
        count = 0 if dropout == 0 else 2 if self.recipe["rDropAlpha"] else 1
        kept = [rng.random((batch, width))[own] >= dropout for _ in range(count)]
        return tuple(torch.as_tensor(k, device=self.device).to(self.dtype) / (1 - dropout) for k in kept)

    @torch.no_grad()
    def evaluate(self, part: str) -> tuple[float, float]:
        """Mean cross entropy, without smoothing, and share classified right."""
        self.network.eval()
        sums = np.zeros(2)
        labels = self.data[part][1]
        for indices in np.array_split(
            np.arange(RANK, len(labels), RANKS), -(-len(labels) // EVALUATION_BATCH)
        ):
            if not len(indices):
                continue
            [logits] = self.network(normalized(self.bytes(part, indices), self.dtype))
            target = torch.as_tensor(labels[indices], device=self.device)
            sums += [
                F.cross_entropy(logits, target, reduction="sum").item(),
                (logits.argmax(1) == target).sum().item(),
            ]
        loss, right = self.total(sums)
        return loss / len(labels), right / len(labels)

    def bytes(self, part: str, indices: np.ndarray) -> Tensor:
        return self.data[part][0][torch.as_tensor(indices, device=self.device)].permute(0, 3, 1, 2).float()

    def total(self, values: Any) -> tuple[float, float]:
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        if RANKS > 1:
            dist.all_reduce(sums)
        return tuple(sums.tolist())

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Runs on the weights that the run is judged by: the moving average, where there is one."""
        own = {name: weight.clone() for name, weight in weights_of(self.network).items()}
        put(self.network, self.average or own, "the average")
        yield
        put(self.network, own, "the weights")

    def about(self) -> list[Any]:
        return [self.config["network"], self.recipe, self.config["seed"], self.config["data"]["checksum"]]

    def save(self, path: Path) -> None:
        about = json.dumps({"of": self.about(), "history": self.history, "random": self.random.state})
        state = {
            "weights": weights_of(self.network),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        written = path.with_suffix(".part")
        torch.save({**state, "about": about}, written)
        written.replace(path)

    def restore(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device)
        about = json.loads(state["about"])
        if about["of"] != self.about():
            sys.exit(f"The checkpoint {path} is of another network, recipe, seed or data set.")
        put(self.network, state["weights"], str(path))
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.history, self.random.state = about["history"], tuple(about["random"])

    def finish(self, architecture: dict[str, Any]) -> None:
        """Writes the weights of the epoch that is kept."""
        if self.recipe["keep"] == "best":
            if RANKS > 1:
                dist.barrier()  # until it is written
            self.restore(self.output / "best.pt")
        put(self.network, self.average, "the average")
        self.recalibrate(self.recipe["recalibrateBatches"])
        loss, accuracy = self.evaluate("test")
        say(f"epoch {self.epoch} kept  testLoss {loss:.6g}  testAccuracy {accuracy:.6g}")
        if RANK == 0:
            weights = {name: weight.cpu().float() for name, weight in weights_of(self.network).items()}
            write_safetensors(
                self.output / "model.safetensors", weights, {"architecture": json.dumps(architecture)}
            )
            torch.save(weights, self.output / "model.pth")
            say(f"To use what was written: repfuse import {self.output / 'model.safetensors'}")

    @torch.no_grad()
    def recalibrate(self, batches: int) -> None:
        """Running statistics as exact means over batches of training images (Wu and Johnson, 2021)."""
        layers = [layer for layer in self.network.modules() if isinstance(layer, BatchNorm)]
        random, size, done = Random(self.config["seed"], "recalibrate"), self.recipe["batchSize"], 0
        self.network.train()
        while done < batches:
            order = random.shuffle(len(self.data["train"][1]))
            for start in range(0, min(self.steps, batches - done) * size, size):
                for layer in layers:
                    layer.kept = done / (done + 1)
                own = order[start + RANK * size // RANKS : start + (RANK + 1) * size // RANKS]
                self.network(normalized(self.bytes("train", own), self.dtype))
                done += 1


def normalized(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Bytes as the network takes them, in -1..1."""
    return ((x - 127.5) / 127.5).to(dtype)


def say(text: str) -> None:
    if RANK == 0:
        print(text, flush=True)


if __name__ == "__main__":
    main()
