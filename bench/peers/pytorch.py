"""PyTorch on the CPU, at the number of threads given as the argument.

Speaks the protocol of serve.mjs: one JSON request a line on stdin, one JSON answer a line on stdout. PyTorch is
used as its manual says and given its fastest form: functional batch norm (less Python than the module), channels
last for NHWC, no_grad for a forward pass alone, gradients fetched without accumulating.
"""

import json
import math
import sys
import time


def say(message):
    print(json.dumps(message), flush=True)


try:
    import numpy
    import torch

    from data import hashes, sample, values
    from images import inference, training as image_training
except ImportError as problem:
    say({"unavailable": f"{problem} for {sys.executable}; bench/peers.sh installs it on Debian and Ubuntu"})
    sys.exit(0)

F = torch.nn.functional
THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
BATCH_SECONDS = 2e-3
LONG = 8
BATCH_COUNT = 16


def batch_norm(case):
    shape = case["shape"]
    layout = case["layout"]
    channels = shape[1] if layout == "NCHW" else shape[-1]
    length = math.prod(shape)

    def activation(salt):
        memory = values(length, salt).reshape(shape)
        return memory.permute(0, 3, 1, 2) if layout == "NHWC" else memory

    def in_memory_order(tensor):
        return tensor.permute(0, 2, 3, 1) if layout == "NHWC" else tensor

    x = activation(1)
    gamma = 1 + values(channels, 3) / 2
    beta = values(channels, 4)

    def running():
        return torch.zeros(channels), torch.ones(channels)

    mean, variance = running()
    if case["kind"] == "bnForward":

        def forward(mean=mean, variance=variance):
            with torch.no_grad():
                return F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, 1e-5)

        def check():
            mean, variance = running()
            y = forward(mean, variance)
            return sample(in_memory_order(y)) + [variance[0].item()]

        return forward, check

    dy = activation(2)
    inputs = [t.requires_grad_() for t in (x, gamma, beta)]

    def both():
        y = F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, 1e-5)
        return torch.autograd.grad(y, inputs, dy)

    def check():
        dx, dgamma, dbeta = both()
        return sample(in_memory_order(dx)) + [dgamma[0].item(), dbeta[0].item()]

    return both, check


def training(case):
    widths, batch = case["shape"], case["batch"]
    last = len(widths) - 2
    batches = [
        (
            torch.from_numpy((hashes(batch * widths[0], 100 + b) & 1).astype(numpy.float32)).reshape(batch, -1),
            torch.from_numpy((hashes(batch, 200 + b) % 10).astype(numpy.int64)),
        )
        for b in range(BATCH_COUNT)
    ]

    def fresh():
        layers = []
        for l, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
            linear = torch.nn.Linear(fan_in, fan_out, bias=l == last)
            weight = values(fan_out * fan_in, 10 + l, math.sqrt(3 / fan_in)).reshape(fan_out, fan_in)
            linear.weight.data.copy_(weight)
            if l == last:
                linear.bias.data.zero_()
                layers += [linear]
            else:
                layers += [linear, torch.nn.BatchNorm1d(fan_out), torch.nn.Sigmoid()]
        model = torch.nn.Sequential(*layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step = 0

        def run():
            nonlocal step
            x, labels = batches[step % BATCH_COUNT]
            step += 1
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            return loss

        return run

    def check():
        run = fresh()
        return [run().item() for _ in range(5)]

    return fresh(), check


def gemm(case):
    m, k, n = case["shape"]
    a, b, c = values(m * k, 1).reshape(m, k), values(k * n, 2).reshape(k, n), torch.empty(m, n)

    def run():
        with torch.no_grad():
            return torch.mm(a, b, out=c)

    return run, lambda: sample(run())


PREPARE = {
    "bnForward": batch_norm,
    "bnBoth": batch_norm,
    "mnistStep": training,
    "gemm": gemm,
    "cnnTraining": image_training,
    "cnnInference": inference,
}


# The loop of serve.mjs; what it says about images and about long iterations holds here too.
def measure(run, slice_seconds, images):
    def timed(count):
        start = time.perf_counter()
        for _ in range(count):
            run()
        return time.perf_counter() - start

    count, spent = 1, 0.0
    while True:
        took = timed(count)
        spent += took
        if count == 1 and took > LONG * slice_seconds:
            return {"iterations": images, "seconds": took, "best": took / images}
        if spent > slice_seconds / 5:
            count = max(1, math.ceil(count * BATCH_SECONDS / max(took, 1e-6)))
            break
        if took < BATCH_SECONDS:
            count *= 2

    iterations, spent, best = 0, 0.0, math.inf
    while spent < slice_seconds:
        took = timed(count)
        spent += took
        iterations += count
        best = min(best, took / count)
    return {"iterations": iterations * images, "seconds": spent, "best": best / images}


def main():
    tasks = {}
    say({"ready": True, "versions": {"PyTorch": torch.__version__, "Python": sys.version.split()[0]}})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            case = request["case"]
            if case["id"] not in tasks:
                tasks[case["id"]] = PREPARE[case["kind"]](case)
            run, check = tasks[case["id"]]
            images = case["batch"] if case["suite"] == "cnn" else 1
            say({"values": check()} if request["op"] == "check" else measure(run, request["ms"] / 1e3, images))
        except Exception as problem:
            say({"error": str(problem).split("\n")[0]})


try:
    main()
except KeyboardInterrupt:
    pass
