# One training step of a recipe in PyTorch, eager, channels_last (the faster layout on a CPU): version and seconds.
# apps/bench/steps runs it; by hand: python3 apps/bench/peers/steps_pytorch.py S2
import torch
from torch import nn
from torch.nn import functional as F

from recipes import BATCH, LATENT, PICTURES, THREADS, time_step

torch.set_num_threads(THREADS)


class Same(nn.Module):  # TensorFlow's padding: where it is odd, the odd pixel is at the end
    def __init__(self, kernel, stride):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        h, w = (max((-(-n // self.stride) - 1) * self.stride + self.kernel - n, 0) for n in x.shape[2:])
        return F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2))


def conv(inputs, outputs, kernel, stride):
    return [Same(kernel, stride), nn.Conv2d(inputs, outputs, kernel, stride)]


def transposed(inputs, outputs, kernel, stride, bias=True):
    padding = (kernel - stride + 1) // 2
    output_padding = 2 * padding - (kernel - stride)
    return [nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding, bias=bias)]


def networks(recipe):
    if recipe == "S0":
        g = [nn.Linear(LATENT, 4096), nn.LeakyReLU(0.2), nn.Unflatten(1, (256, 4, 4))]
        for inputs in (256, 128, 128):
            g += transposed(inputs, 128, 4, 2) + [nn.LeakyReLU(0.2)]
        g += conv(128, 3, 3, 1) + [nn.Tanh()]
        d = []
        for inputs, outputs in ((3, 64), (64, 128), (128, 128), (128, 256)):
            d += conv(inputs, outputs, 3, 2) + [nn.LeakyReLU(0.2)]
        d += [nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1)]
    elif recipe == "S2":
        g = [nn.Linear(LATENT, 6272), nn.LeakyReLU(0.2), nn.Unflatten(1, (128, 7, 7))]
        g += transposed(128, 128, 4, 2) + [nn.LeakyReLU(0.2)] + transposed(128, 128, 4, 2) + [nn.LeakyReLU(0.2)]
        g += conv(128, 1, 7, 1) + [nn.Sigmoid()]
        d = conv(1, 64, 3, 2) + [nn.LeakyReLU(0.2), nn.Dropout(0.2)]
        d += conv(64, 64, 3, 2) + [nn.LeakyReLU(0.2), nn.Dropout(0.2), nn.Flatten(), nn.Linear(3136, 1)]
    elif recipe == "S3":
        g = [nn.Linear(LATENT, 6272), nn.BatchNorm1d(6272), nn.ReLU(), nn.Unflatten(1, (128, 7, 7))]
        g += transposed(128, 64, 5, 2) + [nn.BatchNorm2d(64), nn.ReLU()] + transposed(64, 1, 5, 2) + [nn.Tanh()]
        d = conv(1, 64, 5, 2) + [nn.BatchNorm2d(64), nn.LeakyReLU(0.2)]
        d += conv(64, 128, 5, 2) + [nn.BatchNorm2d(128), nn.LeakyReLU(0.2), nn.Flatten()]
        d += [nn.Linear(6272, 1024), nn.BatchNorm1d(1024), nn.LeakyReLU(0.2), nn.Linear(1024, 2)]
    else:
        g = [nn.Linear(LATENT, 12544, bias=False), nn.BatchNorm1d(12544), nn.LeakyReLU(0.3), nn.Unflatten(1, (256, 7, 7))]
        for inputs, outputs, stride in ((256, 128, 1), (128, 64, 2)):
            g += transposed(inputs, outputs, 5, stride, bias=False) + [nn.BatchNorm2d(outputs), nn.LeakyReLU(0.3)]
        g += transposed(64, 1, 5, 2, bias=False) + [nn.Tanh()]
        d = conv(1, 64, 5, 2) + [nn.LeakyReLU(0.3), nn.Dropout(0.3)]
        d += conv(64, 128, 5, 2) + [nn.LeakyReLU(0.3), nn.Dropout(0.3), nn.Flatten(), nn.Linear(6272, 1)]
    layout = {"memory_format": torch.channels_last}
    return nn.Sequential(*g).to(**layout), nn.Sequential(*d).to(**layout)


def loss(verdict, label):  # BCE from a logit; over two logits softmax
    if verdict.shape[1] == 2:
        return F.cross_entropy(verdict, torch.full((len(verdict),), label))
    return F.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, label))


def make_step(recipe):
    g, d = networks(recipe)
    adam = {"S3": {"lr": 2e-3, "betas": (0.5, 0.999)}, "S4": {"lr": 1e-4}}.get(recipe, {"lr": 2e-4, "betas": (0.5, 0.999)})
    g_optimizer, d_optimizer = torch.optim.Adam(g.parameters(), **adam), torch.optim.Adam(d.parameters(), **adam)
    batch, (height, width, channels) = BATCH[recipe], PICTURES[recipe]
    real = torch.rand(batch, channels, height, width).to(memory_format=torch.channels_last)

    def update(optimizer, value):
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    def fakes():
        with torch.no_grad():
            return g(torch.randn(batch, LATENT))

    def answer(count):  # the discriminator's own weights learn nothing here and ask for no gradients
        d.requires_grad_(False)
        update(g_optimizer, loss(d(g(torch.randn(count, LATENT))), 1))
        d.requires_grad_(True)

    def separate():  # S0: two updates of the discriminator
        update(d_optimizer, loss(d(real), 1))
        update(d_optimizer, loss(d(fakes()), 0))
        answer(2 * batch)

    def concatenated():  # S2: one update on both
        verdict = d(torch.cat([real, fakes()]))
        update(d_optimizer, (loss(verdict[:batch], 1) + loss(verdict[batch:], 0)) / 2)
        answer(2 * batch)

    def summed():  # S3: one update, losses added
        update(d_optimizer, loss(d(real), 1) + loss(d(fakes()), 0))
        answer(batch)

    def simultaneous():  # S4: both gradients from one forward pass
        on_real, on_fake = d(real), d(g(torch.randn(batch, LATENT)))
        d_gradients = torch.autograd.grad(loss(on_real, 1) + loss(on_fake, 0), list(d.parameters()), retain_graph=True)
        g_gradients = torch.autograd.grad(loss(on_fake, 1), list(g.parameters()))
        for network, optimizer, gradients in ((d, d_optimizer, d_gradients), (g, g_optimizer, g_gradients)):
            for parameter, gradient in zip(network.parameters(), gradients):
                parameter.grad = gradient
            optimizer.step()

    return {"S0": separate, "S2": concatenated, "S3": summed, "S4": simultaneous}[recipe]


time_step(torch.__version__, make_step)
