# The same as apps/bench/tape in PyTorch, which runs it: one line, the version and microseconds for each way to ask for
# the gradients: by torch.autograd.grad, and by backward() into the parameters' .grad.
import statistics
import time

import torch

torch.set_num_threads(1)
first, second = torch.nn.Linear(32, 32), torch.nn.Linear(32, 32)
x, target = torch.randn(32, 32), torch.randn(32, 32)
parameters = [*first.parameters(), *second.parameters()]


def loss():
    return torch.nn.functional.mse_loss(second(torch.tanh(first(x))), target)


def grad():
    torch.autograd.grad(loss(), parameters)


def backward():
    loss().backward()
    for p in parameters:
        p.grad = None


def median_microseconds(step, count=3000):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


print(torch.__version__, median_microseconds(grad), median_microseconds(backward))
