# Prints the table of tests/test_optim.cpp: three weights after 5 steps of the optimisers of PyTorch and Keras, in double
# precision, with gradients cos(t (i + 1)). Needs torch and keras: KERAS_BACKEND=torch python optimizers.py
import math

import keras
import torch

keras.config.set_floatx("float64")
start = [1.0, -2.0, 0.5]
gradient = lambda t: [math.cos(t * (i + 1)) for i in range(3)]


def with_torch(make):
    w = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make([w])
    for t in range(1, 6):
        w.grad = torch.tensor(gradient(t), dtype=torch.float64)
        optimizer.step()
    return w.tolist()


def with_keras(optimizer):
    w = keras.Variable(start, dtype="float64")
    optimizer.build([w])
    for t in range(1, 6):
        optimizer.apply([keras.ops.convert_to_tensor(gradient(t), dtype="float64")], [w])
    return [float(x) for x in keras.ops.convert_to_numpy(w)]


rows = {
    "AdamW, PyTorch": with_torch(lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.5, 0.9), eps=1e-2, weight_decay=0.2)),
    "AdamW, Keras": with_keras(keras.optimizers.AdamW(0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-2, weight_decay=0.2)),
}
for momentum in 0, 0.5:
    for centered in False, True:
        name = f"momentum {momentum}" + (", centered" if centered else "")
        rows["RmsProp, PyTorch, " + name] = with_torch(
            lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, eps=1e-2, momentum=momentum, centered=centered))
        rows["RmsProp, Keras, " + name] = with_keras(
            keras.optimizers.RMSprop(0.1, rho=0.9, epsilon=1e-2, momentum=momentum, centered=centered))
for name, w in rows.items():
    print(f"    {{{', '.join(f'{x:.15f}' for x in w)}}},  // {name}")
