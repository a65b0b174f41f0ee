"""The convolutional cases: the networks of networks.mjs and what images.mjs does with them, in PyTorch.

A case names its form: in which memory format, and whether batch norm is folded into the convolutions.
"""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from data import image_batches, values, weights

F = nn.functional


class Residual(nn.Module):
    def __init__(self, main, shortcut):
        super().__init__()
        self.main = main
        self.shortcut = shortcut

    def forward(self, x):
        y = self.main(x)
        y += self.shortcut(x)
        return y


def convolution(channels, out, kernel=3, stride=1):
    return [nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out)]


def block(channels, out, stride):
    main = nn.Sequential(*convolution(channels, out, 3, stride), nn.ReLU(True), *convolution(out, out))
    same = channels == out and stride == 1
    return Residual(main, nn.Identity() if same else nn.Sequential(*convolution(channels, out, 1, stride)))


def untrained(case):
    layers, channels = [], 3
    if case["network"] == "resnet20":
        layers, channels = [*convolution(3, 16), nn.ReLU(True)], 16
        for i in range(9):
            out = 16 * 2 ** (i // 3)
            layers += [block(channels, out, 2 if i in (3, 6) else 1), nn.ReLU(True)]
            channels = out
    else:
        for out in case["network"]:
            if out == "pool":
                layers += [nn.MaxPool2d(2)]
            else:
                layers += [*convolution(channels, out), nn.ReLU(True)]
                channels = out
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    for i, parameter in enumerate(matrices):
        parameter.data.copy_(weights(parameter.shape, i))
    model[-1].bias.data.zero_()
    return model


def trained(case):
    model = untrained(case)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            channels = layer.num_features
            layer.weight.data.copy_(1 + values(channels, 3) / 2)
            layer.bias.data.copy_(values(channels, 4))
            layer.running_mean.copy_(values(channels, 5))
            layer.running_var.copy_(2 + values(channels, 6))
    return model.eval()


def folded(layer):
    if isinstance(layer, Residual):
        return Residual(folded(layer.main), folded(layer.shortcut))
    if not isinstance(layer, nn.Sequential):
        return layer
    layers = []
    for inner in layer:
        if isinstance(inner, nn.BatchNorm2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], inner)
        else:
            layers.append(folded(inner))
    return nn.Sequential(*layers)


def memory_format(case):
    return torch.channels_last if "channels_last" in case["form"] else torch.contiguous_format


def training(case):
    sgd, wanted = case["sgd"], memory_format(case)

    def fresh(batch):
        model = untrained(case).to(memory_format=wanted)
        batches = [(x.contiguous(memory_format=wanted), y) for x, y in image_batches(case, batch)]
        optimizer = torch.optim.SGD(
            model.parameters(), lr=sgd["lr"], momentum=sgd["momentum"], weight_decay=sgd["weightDecay"]
        )
        step = 0

        def run():
            nonlocal step
            x, labels = batches[step % len(batches)]
            step += 1
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            return loss

        return run

    def check():
        run = fresh(case["check"]["images"])
        return [run().item() for _ in range(case["check"]["steps"])]

    return fresh(case["batch"]), check


def inference(case):
    model = trained(case)
    if "folded" in case["form"]:
        model = folded(model)
    model = model.to(memory_format=memory_format(case))
    x = image_batches(case, case["batch"])[0][0].contiguous(memory_format=memory_format(case))

    def run():
        with torch.inference_mode():
            return model(x)

    return run, lambda: run().reshape(-1).tolist()
