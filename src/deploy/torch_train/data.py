"""The data of a run: images and labels in memory, what is held back, and what happens to training images.

The order of an epoch, the images held back and the test pictures are drawn as RepFuse draws them;
augmentation is drawn by numpy.
"""
from __future__ import annotations

import gzip
import hashlib
import math
import re
import sys
from pathlib import Path
from typing import Any, Callable, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Random:
    """Xoroshiro128+, seeded as RepFuse seeds it: orders and what is held back come out alike."""

    def __init__(self, seed: int, *key: str) -> None:
        text = "/".join([str(seed), *key]).encode("utf-16-le")
        value = 0x811C9DC5  # FNV-1a over UTF-16 code units
        for i in range(0, len(text), 2):
            value = (value ^ int.from_bytes(text[i : i + 2], "little")) * 0x01000193 & 0xFFFFFFFF
        words = [self._mix(value + word * 0x9E3779B9) for word in (1, 2, 3, 4)]
        self.state = (words[0] << 32 | words[1], words[2] << 32 | words[3])

    @staticmethod
    def _mix(value: int) -> int:
        value &= 0xFFFFFFFF
        value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
        value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
        return value ^ value >> 16

    def shuffle(self, count: int) -> np.ndarray:
        """0 to count - 1 in random order (Fisher and Yates)."""
        mask, (a, b), order = 0xFFFFFFFFFFFFFFFF, self.state, list(range(count))
        for i in range(count - 1, 0, -1):
            most = (
                2**32 // (i + 1) * (i + 1) if i > 1 else 2**32
            )  # larger draws would favour small numbers
            draw = most
            while draw >= most:
                draw = (a + b & 0xFFFFFFFF) ^ 0x80000000
                b ^= a
                a, b = (a << 24 | a >> 40) & mask ^ b ^ b << 16 & mask, (b << 37 | b >> 27) & mask
            j = draw % (i + 1)
            order[i], order[j] = order[j], order[i]
        self.state = (a, b)
        return np.array(order, np.int64)


class Split(NamedTuple):
    """Bytes [count, height, width, channels], and a class for each image."""

    images: np.ndarray
    labels: np.ndarray

    def take(self, indices: Any) -> Split:
        return Split(self.images[indices], self.labels[indices])


def read_data(folder: Path, config: dict[str, Any], say: Callable[[str], None]) -> dict[str, Split]:
    """The splits, the validation images taken out of the training images where the folder has none."""
    if not folder.is_dir():
        sys.exit(f"There is no folder {folder}. Name that of the data: --data FOLDER")
    data = load_data(folder, config)
    recipe, size = config["training"], config["network"]["inputSize"]
    classes = len(config["data"]["classNames"])
    for part, (images, labels) in data.items():
        if list(images.shape[1:]) != size or labels.max() >= classes:
            sys.exit(
                f"The {part} images of {folder} are {images.shape[1:]} in {labels.max() + 1} classes; "
                f"config.json says {size} in {classes}."
            )
    if checksum_of(data) != config["data"]["checksum"]:
        say(f"Note: the data in {folder} are not, byte for byte, those of the run that config.json is of.")
    if "validation" not in data:
        data["train"], held = hold_back(data["train"], recipe["validationShare"], config["seed"], classes)
        if held is not None:
            data["validation"] = held
        elif recipe["keep"] == "best" or recipe["patience"]:
            sys.exit("There are no validation images to choose the best epoch by (validationShare).")
    if len(data["train"].labels) < recipe["batchSize"]:
        sys.exit(
            f"There are {len(data['train'].labels)} training images, fewer than batchSize {recipe['batchSize']}."
        )
    return data


def load_data(folder: Path, config: dict[str, Any]) -> dict[str, Split]:
    """Train, test and perhaps validation split of IDX files, CIFAR-10's batches, or class folders."""
    names = sorted(path.name for path in folder.iterdir())
    if any(re.search(r"^emnist-|^(train|test)\.bin$", name) for name in names):
        sys.exit(
            f"Cannot use {folder}: the formats of EMNIST and CIFAR-100 are not carried over to train.py."
        )
    files = {
        ("train" if m[1] else "test", m[2]): folder / m[0]
        for name in reversed(names)
        if (m := re.match(r"(?:(train)|t10k|test)-(images|labels)[-.]idx[134]-ubyte(?:\.gz)?$", name))
    }
    if files:
        parts = {
            part: Split(read_idx(files[part, "images"]), read_idx(files[part, "labels"]))
            for part in ("train", "test")
        }
        return {part: Split(x.reshape(*x.shape[:3], -1), y) for part, (x, y) in parts.items()}
    if "test_batch.bin" in names:
        batches = sorted(
            (n for n in names if re.match(r"data_batch_\d+\.bin$", n)), key=lambda n: int(n[11:-4])
        )
        return {
            "train": read_cifar([folder / name for name in batches]),
            "test": read_cifar([folder / "test_batch.bin"]),
        }
    return load_pictures(folder, config)


def read_idx(path: Path) -> np.ndarray:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = np.frombuffer(content, ">u4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape.astype(int)).copy()


def read_cifar(paths: list[Path]) -> Split:
    records = np.concatenate([np.fromfile(path, np.uint8) for path in paths]).reshape(-1, 1 + 3 * 32 * 32)
    return Split(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), records[:, 0].copy())


def load_pictures(folder: Path, config: dict[str, Any]) -> dict[str, Split]:
    """Class folders below train/, test/ and val/, or at the top: then a fifth of each is for testing."""
    height, width = config["network"]["inputSize"][:2]

    def listed(path: Path) -> dict[str, list[Path]]:
        classes = {
            d.name: sorted(f for f in d.iterdir() if f.is_file() and is_ours(f)) for d in folders(path)
        }
        return {name: classes.get(name, []) for name in config["data"]["classNames"]}

    def read(classes: dict[str, list[Path]]) -> Split:
        images, labels = [], []
        for label, paths in enumerate(classes.values()):
            for path in paths:
                try:
                    images.append(read_picture(path, height, width))
                except OSError as error:
                    if not config["data"].get("skipBad"):
                        sys.exit(f"Cannot read {path}: {error}")
                else:
                    labels.append(label)
        return Split(np.stack(images), np.array(labels, np.uint8 if len(classes) <= 256 else np.uint16))

    part_of = {
        "train": "train",
        "test": "test",
        "val": "validation",
        "valid": "validation",
        "validation": "validation",
    }
    parts = {
        part_of[d.name.lower()]: listed(d)
        for d in folders(folder)
        if d.name.lower() in part_of and folders(d)
    }
    if "train" in parts:
        parts.setdefault(
            "test", parts.pop("validation") if "test" not in parts and "validation" in parts else {}
        )
    else:
        parts = {"train": {}, "test": {}}
        for name, paths in listed(folder).items():
            order = Random(0, "split", name).shuffle(len(paths))
            count = max(1, math.floor(len(paths) / 5 + 0.5))
            parts["test"][name] = [paths[i] for i in sorted(order[:count])]
            parts["train"][name] = [paths[i] for i in sorted(order[count:])]
    if not all(any(classes.values()) for classes in parts.values()):
        sys.exit(
            f"Cannot use {folder}: no pictures for {' and '.join(p for p, c in parts.items() if not any(c.values()))}."
        )
    return {part: read(classes) for part, classes in parts.items()}


def is_ours(path: Path) -> bool:
    return path.name[0] not in ".@#$" and path.name.lower() not in (
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "__macosx",
    )


def folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and is_ours(p))


def read_picture(path: Path, height: int, width: int) -> np.ndarray:
    """The middle of a picture, in the network's proportions and size."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        sys.exit("Folders of pictures are read by Pillow: python3 -m pip install pillow")
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    scale = min(picture.height / height, picture.width / width)
    h, w = (max(1, math.floor(side * scale + 0.5)) for side in (height, width))
    left, top = (picture.width - w) // 2, (picture.height - h) // 2
    return np.asarray(picture.crop((left, top, left + w, top + h)).resize((width, height), Image.BILINEAR))


def checksum_of(data: dict[str, Split]) -> str:
    """SHA-256 over images and labels, as a run's configuration has it."""
    checksum = hashlib.sha256()
    for part in ("train", "test", "validation"):
        for values in data.get(part, ()):
            checksum.update(np.ascontiguousarray(values))
    return checksum.hexdigest()


def hold_back(split: Split, share: float, seed: int, classes: int) -> tuple[Split, Split | None]:
    """The training images, and of every class the share of them that chooses the best epoch."""
    left = [math.floor(count * share + 0.5) for count in np.bincount(split.labels, minlength=classes)]
    held = np.zeros(len(split.labels), bool)
    for index in Random(seed, "validation").shuffle(len(held)):
        held[index] = left[split.labels[index]] > 0
        left[split.labels[index]] -= 1
    return (split.take(~held), split.take(held)) if held.any() else (split, None)


def take(x: Tensor, index: np.ndarray, dim: int) -> Tensor:
    """Of every image the rows (dim 2) or columns (dim 3) that its row of the index names."""
    wanted = torch.as_tensor(index, device=x.device)
    wanted = wanted[:, None, :, None] if dim == 2 else wanted[:, None, None, :]
    return x.gather(dim, wanted.expand(*x.shape))


def resample(x: Tensor, start: np.ndarray, length: np.ndarray, dim: int) -> Tensor:
    """A stretch of every image, blown up along one axis with linear interpolation."""
    size = x.shape[dim]
    place = np.clip(start[:, None] + (np.arange(size) + 0.5) * (length[:, None] / size) - 0.5, 0, size - 1)
    first = np.floor(place).astype(np.int64)
    share = torch.as_tensor(place - first, dtype=x.dtype, device=x.device)
    low, high = take(x, first, dim), take(x, np.minimum(first + 1, size - 1), dim)
    return low + (high - low) * (share[:, None, :, None] if dim == 2 else share[:, None, None, :])


def crop(x: Tensor, top: np.ndarray, left: np.ndarray, height: np.ndarray, width: np.ndarray) -> Tensor:
    """Of every image a part, blown up to the image's size with bilinear interpolation."""
    return (resample(resample(x, left, width, 3), top, height, 2) + 0.5).floor()


def move(x: Tensor, dx: np.ndarray, dy: np.ndarray, mirrored: np.ndarray) -> Tensor:
    """Images mirrored, then moved to the right and down; where that uncovers the edge, it is repeated."""
    (height, width), (dx, dy, mirrored) = x.shape[2:], (v[:, None] for v in (dx, dy, mirrored))
    rows, columns = np.clip(np.arange(height) - dy, 0, height - 1), np.clip(
        np.arange(width) - dx, 0, width - 1
    )
    return take(take(x, rows, 2), np.where(mirrored, width - 1 - columns, columns), 3)


def recolour(x: Tensor, *factors: np.ndarray) -> Tensor:
    """Brightness, contrast and saturation times a factor each, as torchvision defines them."""
    brightness, contrast, saturation = (
        torch.as_tensor(f, device=x.device).to(x)[:, None, None, None] for f in factors
    )
    luma = x.new_tensor([0.299, 0.587, 0.114] if x.shape[1] == 3 else [1.0])  # ITU-R BT.601
    x = x * brightness
    grey = (x * luma[:, None, None]).sum(1, keepdim=True)
    mean = grey.mean((2, 3), keepdim=True)
    return (mean + (grey + (x - grey) * saturation - mean) * contrast + 0.5).floor().clamp(0, 255)


def cut_out(x: Tensor, top: np.ndarray, left: np.ndarray, side: int) -> Tensor:
    """A grey square painted into every image; it may hang over the edge."""
    rows, columns = (np.arange(size) - at[:, None] for size, at in ((x.shape[2], top), (x.shape[3], left)))
    inside = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None, :]
    return x.masked_fill(torch.as_tensor(inside, device=x.device)[:, None], 128)


def augment(
    x: Tensor, recipe: dict[str, Any], rng: np.random.Generator, batch: int, own: np.ndarray
) -> Tensor:
    """x holds the images `own` of a batch; what happens to all of the batch is drawn, on every rank alike."""
    (height, width), shift, jitter, side = (
        x.shape[2:],
        recipe["shift"],
        recipe["colorJitter"],
        recipe["cutout"],
    )
    if recipe["minCrop"] < 1:
        area, stretch = rng.uniform(recipe["minCrop"], 1, batch), (4 / 3) ** rng.uniform(-1, 1, batch)
        h, w = np.minimum(1, np.sqrt(area / stretch)) * height, np.minimum(1, np.sqrt(area * stretch)) * width
        top, left = rng.uniform(0, height - h), rng.uniform(0, width - w)
        x = crop(x, top[own], left[own], h[own], w[own])
    if shift or recipe["flip"]:
        dx, dy = rng.integers(-shift, shift + 1, (2, batch))
        x = move(x, dx[own], dy[own], (rng.integers(0, 2, batch) * bool(recipe["flip"]))[own])
    if jitter:
        x = recolour(x, *rng.uniform(1 - jitter, 1 + jitter, (3, batch))[:, own])
    if side:
        top, left = rng.integers(0, height, batch) - side // 2, rng.integers(0, width, batch) - side // 2
        x = cut_out(x, top[own], left[own], side)
    return x
