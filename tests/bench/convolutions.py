"""PyTorch's side of the benchmark of convolutions.

Reads one line of JSON per request on stdin, {"name", "inputs": shapes, NHWC and HWIO, "layout": "NCHW" | "NHWC", "backward", "times", and what
the operation needs}, runs the operation that often on two threads and answers {"seconds"} of one on stdout. Inputs are standard normal, made
once for each operation, outside the timing; results and slopes as well are as the layout says.
"""

import json
import sys
import time

import torch
from torch.nn import functional

torch.set_num_threads(2)
made = {}


def images(shape, request):
    batch, height, width, channels = shape
    x = torch.randn(batch, channels, height, width)
    return x.to(memory_format=torch.channels_last) if request["layout"] == "NHWC" else x


def inputs_of(request):
    shapes, name = request["inputs"], request["name"]
    if name == "fft":
        return [torch.complex(torch.randn(shapes[0]), torch.randn(shapes[1]))]
    if name == "rfft":
        return [torch.randn(shapes[0])]
    tensors = [images(shapes[0], request)]
    if name == "convolution":
        rows, columns, inner, outputs = shapes[1]
        weight = torch.randn(outputs, inner, rows, columns)
        if request["layout"] == "NHWC":
            weight = weight.to(memory_format=torch.channels_last)
        tensors.append(weight)
    if name == "batch_norm":
        tensors += [torch.randn(shape) for shape in shapes[1:]]
    return tensors


def result(request, tensors):
    name, x = request["name"], tensors[0]
    if name == "convolution":
        return functional.conv2d(
            x, tensors[1], stride=request["stride"], padding=request["padding"], groups=request["groups"]
        )
    if name == "max_pool":
        return functional.max_pool2d(x, request["kernel"], request["stride"], request["padding"])
    if name == "mean_pool":
        return functional.avg_pool2d(x, request["kernel"], request["stride"], request["padding"])
    if name == "batch_norm":
        mean, variance = torch.zeros(x.shape[1]), torch.ones(x.shape[1])
        return functional.batch_norm(x, mean, variance, tensors[1], tensors[2], training=True)
    if name in ("fft", "rfft"):
        y = torch.fft.fft(x) if name == "fft" else torch.fft.rfft(x)
        return y.real + y.imag
    raise ValueError(name)


def operation(request):
    tensors = inputs_of(request)
    if not request["backward"]:

        def forward():
            with torch.no_grad():
                result(request, tensors)

        return forward
    for tensor in tensors:
        tensor.requires_grad_()
    slope = torch.ones_like(result(request, tensors))
    return lambda: torch.autograd.grad(result(request, tensors), tensors, slope)


for line in sys.stdin:
    request = json.loads(line)
    key = json.dumps({**request, "times": 0})
    if key not in made:
        if len(made) > 4:
            made.clear()
        made[key] = operation(request)
    run = made[key]
    start = time.perf_counter()
    for _ in range(request["times"]):
        run()
    print(json.dumps({"seconds": (time.perf_counter() - start) / request["times"]}), flush=True)
