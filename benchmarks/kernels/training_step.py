"""The training step of step_sizes.ts in PyTorch, on one thread: a line "ready", then for every line read one step and an
empty line. The optimizer is that of train/optimizer.ts. Channels last, which is the quicker layout here."""

import sys

import torch
from torch import nn

BATCH, SIZE, CLASSES = 32, 32, 10
BLOCKS = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1)]


class RepVggBlock(nn.Module):
    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()

        def convolution(size: int) -> nn.Sequential:
            layer = nn.Conv2d(channels, width, size, stride, padding=size // 2, bias=False)
            return nn.Sequential(layer, nn.BatchNorm2d(width))

        self.branches = nn.ModuleList([convolution(3), convolution(1)])
        if stride == 1 and channels == width:
            self.branches.append(nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total += branch(x)
        return torch.relu_(total)


def network() -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for width, stride in BLOCKS:
        layers.append(RepVggBlock(channels, width, stride))
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


def main() -> None:
    torch.set_num_threads(1)
    model = network().to(memory_format=torch.channels_last)
    images = torch.randn(BATCH, 3, SIZE, SIZE).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % CLASSES
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss()
    print(f"ready PyTorch {torch.__version__}", flush=True)
    for _ in sys.stdin:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        print(flush=True)


main()
