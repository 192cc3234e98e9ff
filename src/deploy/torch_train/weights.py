"""A network's weights by name, and files of them in the safetensors format: a length, a JSON header, numbers."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in network.state_dict().items() if value.is_floating_point()}


def put(network: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copies tensors into the network: all that it has and no others; none at all changes nothing."""
    weights = weights_of(network)
    odd = sorted(
        n
        for n in {*weights, *tensors}
        if getattr(weights.get(n), "shape", 0) != getattr(tensors.get(n), "shape", 1)
    )
    if tensors and odd:
        sys.exit(f"Cannot load {source}: missing, surplus or of another shape: {', '.join(odd)}")
    for name, tensor in tensors.items():
        weights[name].copy_(tensor)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = {name: about for name, about in json.loads(content[8:start]).items() if name != "__metadata__"}
    return {
        name: torch.tensor(
            np.frombuffer(content[start + about["data_offsets"][0] : start + about["data_offsets"][1]], "<f4")
        ).reshape(about["shape"])
        for name, about in header.items()
    }


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt", **metadata}}
    end = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [end, end := end + 4 * tensor.numel()],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content = b"".join(tensor.contiguous().numpy().astype("<f4").tobytes() for tensor in tensors.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
