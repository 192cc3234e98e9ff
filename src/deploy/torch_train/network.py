"""Networks of re-parameterizable blocks in their training form, in the names of the blocks' reference code.

A block is a function of a network and a value; the layers that it names are made when first asked for.
"""
from __future__ import annotations

import math
import sys
import zlib
from typing import Any, Callable, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules._functions import SyncBatchNorm  # what the layer of that name calls

EPSILON = 1e-5  # of BatchNorm, added to the variance
KEPT_SHARE = 0.9  # of BatchNorm's old running statistics, in every step
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "elu": F.elu,
    "gelu": F.gelu,
    "swish": F.silu,
    "mish": F.mish,
}


class SumOverRanks(torch.autograd.Function):
    """The sum over all ranks, of values and of gradients."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    backward = forward


class BatchNorm(nn.BatchNorm2d):
    """Normalizes by the statistics of all ranks' images; keeps a running mean and a *biased* variance.

    PyTorch's functions leave a batch's own mean and its unbiased variance, n / (n - 1) times the other, in what
    they are given for running statistics when the momentum is 1; the blending is done here.
    """

    kept = KEPT_SHARE

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.eps
            )
        ranks = dist.get_world_size() if dist.is_initialized() else 1
        count = x.numel() // x.shape[1] * ranks
        mean, variance = torch.zeros_like(self.running_mean), torch.zeros_like(self.running_var)
        given = (mean, variance, self.weight, self.bias)
        if ranks == 1:
            y = F.batch_norm(x, *given, True, 1.0, self.eps)
        elif x.is_cuda:
            y = SyncBatchNorm.apply(
                x.contiguous(), *given[2:], *given[:2], self.eps, 1.0, dist.group.WORLD, ranks
            )
        else:
            mean = SumOverRanks.apply(x.sum((0, 2, 3))) / count
            centred = x - mean[:, None, None]
            biased = SumOverRanks.apply(centred.square().sum((0, 2, 3))) / count
            y = (
                centred * (self.weight * (biased + self.eps).rsqrt())[:, None, None]
                + self.bias[:, None, None]
            )
            variance = biased * count / max(1, count - 1)
        with torch.no_grad():
            for running, batch in (
                (self.running_mean, mean),
                (self.running_var, variance * ((count - 1) / count)),
            ):
                running.mul_(self.kept).add_(batch, alpha=1 - self.kept)
        return y


class Place(NamedTuple):
    """Where a block stands: the modules of its two halves have `names`, where it has halves."""

    names: tuple[str, ...]
    width: int
    stride: int
    groups: int = 1
    gated: bool = False


def plain_twin(network: dict[str, Any]) -> dict[str, Any]:
    """The network that is deployed, trained as it is: a convolution and BatchNorm for each block."""
    if network["block"] == "mobileone":
        return {**network, "convBranches": 1, "scale": False, "skip": False}
    kernel = max(network.get("kernelSizes", [network.get("kernelSize", 3)]))
    if network["block"] == "repvit" or kernel != 3:
        sys.exit(
            f"The plain form of {network['block']} with {kernel}x{kernel} kernels is not carried over to train.py."
        )
    shared = (
        "inputSize",
        "classCount",
        "padding",
        "activation",
        "stem",
        "stages",
        "groups",
        "groupsEvery",
        "squeezeExcite",
    )
    own = {key: network[key] for key in shared if key in network}
    return {"block": "repvgg", **own, "branches": {"conv1x1": False, "identity": False}}


class Network(nn.Module):
    """Images [N, C, H, W] to logits. A call asks for layers by name, and the first one makes them."""

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        super().__init__()
        if config["block"] not in BLOCKS:
            sys.exit(f"The block {config['block']} is not carried over to train.py.")
        self.config, self.seed = config, seed
        self.made: dict[str, nn.Module] = {}
        self.places = self._places()
        height, width, channels = config["inputSize"]
        with torch.no_grad():
            self.eval()(torch.zeros(1, channels, height, width))

    def forward(self, x: Tensor, masks: tuple[Tensor, ...] = ()) -> list[Tensor]:
        """The logits once, or once for each mask [N, C] that the features are multiplied by."""
        for index, place in enumerate(self.places):
            x = BLOCKS[self.config["block"]](self, x, place, index == 0)
        features = x.mean((2, 3))
        count = self.config["classCount"]
        head = self._layer("linear", lambda: self._fresh(nn.Linear(features.shape[1], count), 0.01, "linear"))
        return [head(features * mask) for mask in masks] or [head(features)]

    def conv_bn(self, x: Tensor, name: str, conv: str, bn: str, *args: Any, **options: Any) -> Tensor:
        return self.bn(self.conv(x, name + conv, *args, **options), name + bn)

    def conv(
        self,
        x: Tensor,
        name: str,
        width: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        *,
        dilation: int = 1,
        padded: bool = False,
        bias: bool = False,
        zero: bool = False,
    ) -> Tensor:
        size = (kernel, kernel) if isinstance(kernel, int) else kernel

        def make() -> nn.Module:
            layer = nn.Conv2d(x.shape[1], width, size, stride, dilation=dilation, groups=groups, bias=bias)
            return self._fresh(
                layer, 0 if zero else math.sqrt(2 / layer.weight[0].numel()), name
            )  # He et al., 2015

        layer = self._layer(name, make)
        return layer(x if padded else self.pad(x, [(k - 1) * dilation + 1 for k in size], stride))

    def pad(self, x: Tensor, kernel: Any, stride: int) -> Tensor:
        """Zeros as TensorFlow's "same" has them, or floor(k / 2) on every side as PyTorch has them."""
        sides = []
        for size, k in ((x.shape[3], kernel[1]), (x.shape[2], kernel[0])):
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            sides += (
                [k // 2, k // 2] if self.config["padding"] == "explicit" else [total // 2, total - total // 2]
            )
        return F.pad(x, sides) if any(sides) else x

    def bn(self, x: Tensor, name: str) -> Tensor:
        return self._layer(name, lambda: BatchNorm(x.shape[1]))(x)

    def end(
        self, outputs: list[Tensor], name: str, place: Place, inner: tuple[str, str] = ("", "")
    ) -> Tensor:
        """The sum of the branches, squeeze-and-excitation where the place has it, and the activation."""
        x = outputs[0]
        for other in outputs[1:]:
            x = x + other
        if place.gated:
            channels = x.shape[1]
            reduced = F.relu(
                self.conv(x.mean((2, 3), keepdim=True), name + inner[0], max(1, channels // 16), 1, bias=True)
            )
            x = x * self.conv(reduced, name + inner[1], channels, 1, bias=True).sigmoid()
        return ACTIVATIONS[self.config["activation"]](x)

    def _layer(self, name: str, make: Callable[[], nn.Module]) -> nn.Module:
        if name not in self.made:
            *path, last = name.split(".")
            parent: nn.Module = self
            for part in path:
                if part not in parent._modules:
                    parent.add_module(part, nn.Module())
                parent = parent._modules[part]
            parent.add_module(last, make().train(self.training))
            self.made[name] = parent._modules[last]
        return self.made[name]

    def _fresh(self, layer: Any, deviation: float, name: str) -> nn.Module:
        rng = np.random.default_rng([self.seed & 0xFFFFFFFF, zlib.crc32(name.encode())])
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(rng.normal(0, deviation, layer.weight.shape)))
            if layer.bias is not None:
                layer.bias.zero_()
        return layer

    def _places(self) -> list[Place]:
        config = self.config
        places: list[Place] = []
        for s, stage in enumerate([{**config["stem"], "depth": 1}, *config["stages"]]):
            for i in range(stage["depth"]):
                index = len(places)
                every, halves = config.get("groupsEvery", 1), config["block"] == "mobileone"
                names = (
                    ("stage0",)
                    if s == 0
                    else tuple(f"stage{s}.{2 * i + h if halves else i}" for h in range(1 + halves))
                )
                gated = config.get("squeezeExcite", False) or stage["depth"] - i <= stage.get(
                    "squeezeExciteBlocks", 0
                )
                groups = config.get("groups", 1) if index > 0 and index % every == 0 else 1
                places.append(Place(names, stage["width"], stage["stride"] if i == 0 else 1, groups, gated))
        return places


def keeps(x: Tensor, place: Place) -> bool:
    return place.stride == 1 and x.shape[1] == place.width


def repvgg(net: Network, x: Tensor, place: Place, _: bool) -> Tensor:
    (name,), branches = place.names, net.config["branches"]
    late, at = net.config["block"] == "qarepvgg" or net.config.get("postAdditionBn"), (
        place.width,
        1,
        place.stride,
        place.groups,
    )
    outputs = [
        net.conv_bn(x, f"{name}.rbr_dense", ".conv", ".bn", place.width, 3, place.stride, place.groups)
    ]
    if branches["conv1x1"]:
        branch = f"{name}.rbr_1x1"
        outputs.append(net.conv(x, branch, *at) if late else net.conv_bn(x, branch, ".conv", ".bn", *at))
    if branches["identity"] and keeps(x, place):
        outputs.append(x if late else net.bn(x, f"{name}.rbr_identity"))
    if late:
        outputs = [net.bn(sum(outputs[1:], outputs[0]), f"{name}.bn")]
    return net.end(outputs, name, place, (".se.down", ".se.up"))


def mobileone(net: Network, x: Tensor, place: Place, is_stem: bool) -> Tensor:
    config = net.config
    for name in place.names:
        deep = not is_stem and name == place.names[0]
        part = (
            place._replace(width=x.shape[1], groups=x.shape[1])
            if deep
            else place
            if is_stem
            else place._replace(stride=1)
        )
        kernel, at = 3 if deep or is_stem else 1, (part.stride, part.groups)
        outputs = [
            net.conv_bn(x, f"{name}.rbr_conv.{i}", ".conv", ".bn", part.width, kernel, *at)
            for i in range(1 if is_stem else config["convBranches"])
        ]
        if config["scale"] and kernel > 1:
            outputs.append(net.conv_bn(x, f"{name}.rbr_scale", ".conv", ".bn", part.width, 1, *at))
        if config["skip"] and keeps(x, part):
            outputs.append(net.bn(x, f"{name}.rbr_skip"))
        x = net.end(outputs, name, part, (".se.reduce", ".se.expand"))
    return x


def fastvit(net: Network, x: Tensor, place: Place, _: bool) -> Tensor:
    (name,), config, outputs = place.names, net.config, []
    for i, kernel in enumerate(sorted(config["kernelSizes"], reverse=True)):
        branch, at = f"{name}.rbr_conv.{i}", (place.width, kernel, place.stride, place.groups)
        if not config["useBnConv"]:
            outputs.append(net.conv_bn(x, branch, ".conv", ".bn", *at))
        elif config["bnConvPadding"] == "afterBn":
            outputs.append(net.conv(net.bn(x, f"{branch}.bn"), f"{branch}.conv", *at))
        else:
            padded = net.bn(net.pad(x, (kernel, kernel), place.stride), f"{branch}.bn")
            outputs.append(net.conv(padded, f"{branch}.conv", *at, padded=True))
    if keeps(x, place):
        outputs.append(net.bn(x, f"{name}.rbr_skip") if config["skipIncludeBn"] else x)
    return net.end(outputs, name, place)


def acnet(net: Network, x: Tensor, place: Place, _: bool) -> Tensor:
    (name,), k = place.names, net.config["kernelSize"]
    kernels = {"square": (k, k), "ver": (k, 1), "hor": (1, k)}
    return net.end(
        [
            net.conv_bn(x, f"{name}.{part}", "_conv", "_bn", place.width, kernel, place.stride, place.groups)
            for part, kernel in kernels.items()
        ],
        name,
        place,
    )


def dbb(net: Network, x: Tensor, place: Place, _: bool) -> Tensor:
    (name,), k, channels, groups = place.names, net.config["kernelSize"], x.shape[1], place.groups
    padded, at = net.pad(x, (k, k), place.stride), (place.width, k, place.stride, groups)
    outputs = [net.conv_bn(padded, f"{name}.dbb_origin", ".conv", ".bn", *at, padded=True)]
    inner, average = f"{name}.dbb_1x1_kxk", padded
    if groups > 1 and groups == place.width == channels:
        y = net.conv(padded, f"{inner}.conv1", 2 * channels, 1, 1, groups)
    else:
        outputs.append(
            net.conv_bn(x, f"{name}.dbb_1x1", ".conv", ".bn", place.width, 1, place.stride, groups)
        )
        y = padded + net.conv(padded, f"{inner}.idconv1", channels, 1, 1, groups, zero=True)
        average = net.conv_bn(padded, f"{name}.dbb_avg", ".conv", ".bn.bn", place.width, 1, 1, groups)
    outputs.append(net.conv_bn(net.bn(y, f"{inner}.bn1.bn"), inner, ".conv2", ".bn2", *at, padded=True))
    outputs.append(net.bn(F.avg_pool2d(average, k, place.stride), f"{name}.dbb_avg.avgbn"))
    return net.end(outputs, name, place)


DILATED = {
    5: "31 32",
    7: "51 32 33",
    9: "51 52 33 34",
    11: "51 52 33 34 35",
    13: "51 72 33 34 35",
    15: "51 72 33 35 37",
    17: "51 92 34 35 37",
}  # kernel and dilation of the branches beside a large kernel, as the reference has them


def unireplknet(net: Network, x: Tensor, place: Place, _: bool) -> Tensor:
    (name,), k, at = place.names, net.config["kernelSize"], (place.stride, place.groups)
    outputs = [net.conv_bn(x, name, ".lk_origin", ".origin_bn", place.width, k, *at)]
    for size, dilation in DILATED[k].split():
        tag = f"k{size}_{dilation}"
        names = (f".dil_conv_{tag}", f".dil_bn_{tag}")
        outputs.append(net.conv_bn(x, name, *names, place.width, int(size), *at, dilation=int(dilation)))
    return net.end(outputs, name, place)


def repvit(net: Network, x: Tensor, place: Place, is_stem: bool) -> Tensor:
    (name,), channels = place.names, x.shape[1]
    if is_stem:
        return net.end(
            [net.conv_bn(x, f"{name}.conv", ".c", ".bn", place.width, 3, place.stride)], name, place
        )
    mixer = f"{name}.token_mixer"
    if keeps(x, place):
        y = net.conv_bn(x, f"{mixer}.0.conv", ".c", ".bn", channels, 3, 1, channels)
        y = net.bn(
            y + net.conv(x, f"{mixer}.0.conv1", channels, 1, 1, channels, bias=True) + x, f"{mixer}.0.bn"
        )
    else:
        y = net.conv_bn(x, f"{mixer}.0", ".c", ".bn", channels, 3, place.stride, channels)
        y = net.conv_bn(y, f"{mixer}.2", ".c", ".bn", place.width, 1)
    wide = net.end(
        [net.conv_bn(y, f"{name}.channel_mixer.m.0", ".c", ".bn", 2 * place.width, 1)], name, place
    )
    return y + net.conv_bn(wide, f"{name}.channel_mixer.m.2", ".c", ".bn", place.width, 1)


BLOCKS: dict[str, Callable[[Network, Tensor, Place, bool], Tensor]] = {
    "repvgg": repvgg,
    "qarepvgg": repvgg,
    "mobileone": mobileone,
    "fastvit": fastvit,
    "acnet": acnet,
    "dbb": dbb,
    "unireplknet": unireplknet,
    "repvit": repvit,
}
