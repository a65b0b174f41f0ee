"""The numbers of data.mjs."""

import math

import numpy
import torch

IMAGE_BATCH_COUNT = 4


def hashes(length, salt):
    i = numpy.arange(length, dtype=numpy.uint64) + numpy.uint64(salt * 40503)
    h = (i & numpy.uint64(0xFFFFFFFF)).astype(numpy.uint32) * numpy.uint32(0x9E3779B1)
    h = (h ^ (h >> numpy.uint32(16))) * numpy.uint32(0x85EBCA6B)
    h = (h ^ (h >> numpy.uint32(13))) * numpy.uint32(0xC2B2AE35)
    return h ^ (h >> numpy.uint32(16))


def values(length, salt, scale=1.0):
    return torch.from_numpy(((hashes(length, salt) / 2.0**31 - 1) * scale).astype(numpy.float32))


def labels(length, salt):
    return torch.from_numpy((hashes(length, salt) % 10).astype(numpy.int64))


def sample(tensor):
    flat = tensor.detach().reshape(-1)
    return [flat[k * (len(flat) - 1) // 7].item() for k in range(8)]


def weights(shape, i):
    fan = math.prod(shape[1:])
    return values(shape[0] * fan, 400 + i, math.sqrt(6 / fan)).reshape(shape)


def image_batches(case, batch):
    """Images [N, C, H, W] in channels-last memory."""
    h, w, channels = case["shape"]
    return [
        (values(batch * h * w * channels, 500 + b).reshape(batch, h, w, channels).permute(0, 3, 1, 2), labels(batch, 600 + b))
        for b in range(IMAGE_BATCH_COUNT)
    ]
