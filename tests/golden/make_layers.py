"""Golden files of single layers, losses, optimisers and gradient penalties, as PyTorch and Keras compute them.

    python3 tests/golden/make_layers.py     writes layers-pytorch, layers-keras, operations, optimizers and
                                            gradient-penalties, each .safetensors, next to itself

Everything is computed in double precision. What goes in (pictures, weights, cotangents) are numbers that a float holds
exactly, stored as F32; what comes out is stored as F64. README.md says which tensors a case has. The file's metadata
has the list of cases as JSON: each network as a configuration of Tapestry would describe it.
"""
from frameworks import (KERAS, PYTORCH, F, File, add_keras, add_pytorch, keras, np, numbers_for, pair, run_pytorch, tf, torch,
                        weights_of)


# PyTorch --------------------------------------------------------------------------------------------------------------


def layers_in_pytorch():
    file = File("layers-pytorch", PYTORCH)

    def conv(name, shape, **options):
        add_pytorch(file, "conv2d " + name, [{"type": "conv2d"} | options], shape)

    conv("1x1", (7, 3, 4, 4), channels=7, kernel=1, padding=0)
    conv("1x1, 65 to 7 channels", (1, 65, 3, 3), channels=7, kernel=1, padding=0, bias=False)
    conv("1x1 stride 2", (3, 7, 5, 6), channels=1, kernel=1, stride=2, padding=0)
    conv("2x2", (3, 1, 6, 6), channels=7, kernel=2, padding=0)
    conv("2x2 stride 3, gaps between windows", (3, 3, 8, 7), channels=3, kernel=2, stride=3, padding=0)
    conv("3x3, 16 to 16 channels", (1, 16, 6, 5), channels=16, kernel=3, padding=1)
    conv("3x3 no padding", (1, 16, 5, 5), channels=3, kernel=3, padding=0)
    conv("3x3 stride 2", (3, 3, 7, 7), channels=7, kernel=3, stride=2, padding=1)
    conv("3x3 stride 2, 33 pictures", (33, 1, 4, 4), channels=3, kernel=3, stride=2, padding=1)
    conv("3x3, 65 to 1 channels", (1, 65, 4, 4), channels=1, kernel=3, padding=1)
    conv("3x3, 1 to 65 channels", (1, 1, 4, 4), channels=65, kernel=3, padding=1, bias=False)
    conv("3x3 stride 2, asymmetric", (3, 3, 6, 5), channels=3, kernel=3, stride=2, padding=[0, 1, 2, 0])
    conv("4x4 stride 2", (1, 3, 8, 8), channels=16, kernel=4, stride=2, padding=1)
    conv("4x4, asymmetric", (1, 7, 6, 5), channels=3, kernel=4, padding=[2, 1, 0, 3])
    conv("5x5 stride 2", (1, 1, 9, 9), channels=16, kernel=5, stride=2, padding=2)
    conv("5x5 stride 3 no bias", (1, 7, 11, 8), channels=3, kernel=5, stride=3, padding=0, bias=False)
    conv("6x6 stride 3", (1, 3, 10, 11), channels=3, kernel=6, stride=3, padding=2)
    conv("7x7 stride 3", (3, 1, 13, 12), channels=3, kernel=7, stride=3, padding=3)
    conv("7x7", (1, 3, 7, 7), channels=1, kernel=7, padding=3)
    conv("3x5 stride 1x2", (3, 3, 5, 8), channels=7, kernel=[3, 5], stride=[1, 2], padding=[1, 1, 2, 2])
    conv("5x3 stride 3x1, asymmetric", (1, 7, 9, 4), channels=3, kernel=[5, 3], stride=[3, 1], padding=[3, 0, 0, 1])

    def transposed(name, shape, **options):
        add_pytorch(file, "conv_transpose2d " + name, [{"type": "conv_transpose2d"} | options], shape)

    transposed("1x1", (3, 16, 3, 4), channels=3, kernel=1, padding=0)
    transposed("1x1 stride 2, gaps between pixels", (1, 3, 3, 3), channels=1, kernel=1, stride=2, padding=0)
    transposed("2x2 stride 2", (3, 7, 3, 3), channels=3, kernel=2, stride=2, padding=0)
    transposed("2x2 stride 2, 33 pictures", (33, 1, 2, 2), channels=1, kernel=2, stride=2, padding=0)
    transposed("2x2 stride 3, gaps between windows", (1, 3, 4, 3), channels=7, kernel=2, stride=3, padding=0, bias=False)
    transposed("3x3, 7 to 16 channels", (1, 7, 5, 4), channels=16, kernel=3, padding=1)
    transposed("3x3, 1 to 65 channels", (1, 1, 3, 3), channels=65, kernel=3, padding=1, bias=False)
    transposed("3x3 stride 2, output padding", (3, 3, 4, 3), channels=7, kernel=3, stride=2, padding=1, output_padding=1)
    transposed("4x4 stride 2", (1, 16, 4, 4), channels=3, kernel=4, stride=2, padding=1)
    transposed("4x4 stride 2, 65 to 1 channels", (1, 65, 3, 3), channels=1, kernel=4, stride=2, padding=1)
    transposed("4x4 stride 2, asymmetric", (3, 3, 3, 4), channels=3, kernel=4, stride=2, padding=[0, 1, 3, 0])
    transposed("5x5", (1, 7, 4, 4), channels=3, kernel=5, padding=2)
    transposed("5x5 stride 2, output padding", (3, 16, 3, 3), channels=1, kernel=5, stride=2, padding=2, output_padding=1)
    transposed("6x6 stride 3, output padding", (1, 3, 3, 2), channels=1, kernel=6, stride=3, padding=1, output_padding=2)
    transposed("7x7 stride 3", (1, 1, 3, 4), channels=3, kernel=7, stride=3, padding=2)
    transposed("3x5 stride 2x1", (3, 3, 3, 4), channels=3, kernel=[3, 5], stride=[2, 1], padding=[1, 1, 2, 2])
    transposed("5x3 stride 1x3, asymmetric", (1, 7, 4, 3), channels=3, kernel=[5, 3], stride=[1, 3], padding=[2, 1, 0, 2])

    def alone(name, of_shape, mode="training", **layer):
        add_pytorch(file, name, [layer], of_shape, mode)

    alone("linear", (1, 5), type="linear", features=3)
    alone("linear, 33 rows", (33, 16), type="linear", features=7)
    alone("linear no bias", (7, 3), type="linear", features=65, bias=False)
    alone("linear, 65 to 1 features", (3, 65), type="linear", features=1)

    norm = {"type": "batch_norm", "momentum": 0.9, "epsilon": 1e-5, "unbiased_running_variance": True}
    for mode in ("training", "evaluation"):
        alone("batch_norm of rows, " + mode, (7, 5), mode, **norm)
        alone("batch_norm of pictures, " + mode, (3, 7, 3, 4), mode, **norm)
    alone("batch_norm of rows, 33 of them", (33, 3), **norm)
    alone("batch_norm of one picture, momentum 1/4", (1, 3, 4, 4), **norm | {"momentum": 0.25, "epsilon": 0.125})

    alone("leaky_relu", (3, 3, 3, 4), type="leaky_relu", slope=0.2)
    alone("relu", (7, 9), type="relu")
    alone("tanh", (3, 1, 5, 3), type="tanh")
    alone("sigmoid", (5, 7), type="sigmoid")
    alone("flatten", (3, 3, 2, 4), type="flatten")
    alone("reshape", (3, 24), type="reshape", shape=[2, 3, 4])
    alone("dropout of rows", (5, 9), type="dropout", rate=0.4)
    alone("dropout of pictures", (3, 3, 3, 3), type="dropout", rate=0.25)
    alone("dropout, evaluation", (3, 5), "evaluation", type="dropout", rate=0.5)

    # No bias right before a batch norm: its gradient is nothing but rounding.
    add_pytorch(file, "generator of digits", [
        {"type": "linear", "features": 36, "bias": False}, norm, {"type": "leaky_relu", "slope": 0.2},
        {"type": "reshape", "shape": [4, 3, 3]}, {"type": "dropout", "rate": 0.3},
        {"type": "conv_transpose2d", "channels": 3, "kernel": 4, "stride": 2, "padding": 1, "bias": False}, norm,
        {"type": "relu"},
        {"type": "conv_transpose2d", "channels": 1, "kernel": 4, "stride": 2, "padding": 1}, {"type": "tanh"}], (5, 6))
    add_pytorch(file, "discriminator of digits", [
        {"type": "conv2d", "channels": 3, "kernel": 5, "stride": 2, "padding": 2}, {"type": "leaky_relu", "slope": 0.2},
        {"type": "dropout", "rate": 0.3},
        {"type": "conv2d", "channels": 5, "kernel": 3, "stride": 2, "padding": 1, "bias": False}, norm,
        {"type": "leaky_relu", "slope": 0.2}, {"type": "flatten"}, {"type": "linear", "features": 1}], (5, 1, 8, 8))

    def loss(name, x, value, **case):
        given = torch.tensor(x, requires_grad=True)
        y = value(given)
        extra = {key: case.pop(key) for key in ("targets",) if key in case}
        file.add({"name": name} | case, {"x": x} | extra, {"y": y, "dx": torch.autograd.grad(y, given)[0]})

    logits = numbers_for("losses")(7, 1) * 4
    probabilities = torch.sigmoid(torch.tensor(logits)).numpy().astype(np.float32).astype(np.float64)
    for target in (0, 1, 0.875):
        same = torch.full((7, 1), float(target))
        loss(f"bce_with_logits, target {target}", logits, lambda x: F.binary_cross_entropy_with_logits(x, same),
             loss="bce_with_logits", target=target)
        loss(f"bce_on_probabilities, target {target}", probabilities, lambda x: F.binary_cross_entropy(x, same),
             loss="bce_on_probabilities", target=target)
    loss("bce_with_logits, saturated", np.array([[-90.0], [60], [0], [-20], [20]]),
         lambda x: F.binary_cross_entropy_with_logits(x, torch.zeros(5, 1)), loss="bce_with_logits", target=0)
    targets = np.array([[0], [1], [0.25], [1], [0.5], [0], [0.875]])
    loss("bce_with_logits, a target for each", logits,
         lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(targets)), loss="bce_with_logits", targets=targets)
    labels = [2, 0, 1, 9, 9]
    loss("softmax_cross_entropy", numbers_for("softmax")(5, 10) * 4, lambda x: F.cross_entropy(x, torch.tensor(labels)),
         loss="softmax_cross_entropy", labels=labels)
    loss("softmax_cross_entropy, 1e4 apart", np.array([[1e4, -1e4, 0], [-1e4, 1e4 - 1, 1e4]]),
         lambda x: F.cross_entropy(x, torch.tensor([1, 2])), loss="softmax_cross_entropy", labels=[1, 2])
    targets = numbers_for("targets")(3, 3, 2, 2)
    loss("mean_squared_error", numbers_for("squares")(3, 3, 2, 2), lambda x: F.mse_loss(x, torch.tensor(targets)),
         loss="mean_squared_error", targets=targets)
    file.write()


# Keras: what PyTorch does otherwise, or not at all ---------------------------------------------------------------------


def layers_in_keras():
    file = File("layers-keras", KERAS)

    def same(kind, name, shape, **options):
        add_keras(file, f"{kind} {name}", {"type": kind, "padding": "same"} | options, shape)

    same("conv2d", "1x1 stride 3", (1, 3, 7, 8), channels=3, kernel=1, stride=3)
    same("conv2d", "2x2", (3, 3, 4, 5), channels=7, kernel=2)
    same("conv2d", "2x2 stride 3", (1, 7, 7, 5), channels=1, kernel=2, stride=3)
    same("conv2d", "3x3 stride 2, even", (3, 1, 6, 8), channels=7, kernel=3, stride=2)
    same("conv2d", "3x3 stride 2, odd", (1, 3, 7, 5), channels=16, kernel=3, stride=2)
    same("conv2d", "3x3 stride 3", (1, 16, 6, 5), channels=3, kernel=3, stride=3, bias=False)
    same("conv2d", "4x4", (1, 3, 5, 6), channels=7, kernel=4)
    same("conv2d", "4x4 stride 2", (1, 3, 8, 6), channels=7, kernel=4, stride=2)
    same("conv2d", "5x5 stride 2", (3, 1, 7, 7), channels=7, kernel=5, stride=2)
    same("conv2d", "6x6 stride 2", (1, 3, 7, 8), channels=3, kernel=6, stride=2)
    same("conv2d", "7x7 stride 3", (1, 1, 11, 12), channels=7, kernel=7, stride=3)
    same("conv2d", "3x5 stride 2, 65 channels", (1, 65, 3, 4), channels=1, kernel=[3, 5], stride=2)

    same("conv_transpose2d", "1x1 stride 2", (1, 3, 3, 2), channels=7, kernel=1, stride=2)
    same("conv_transpose2d", "2x2 stride 3", (1, 3, 2, 3), channels=3, kernel=2, stride=3)
    same("conv_transpose2d", "3x3", (3, 7, 3, 4), channels=1, kernel=3)
    same("conv_transpose2d", "3x3 stride 2", (1, 7, 3, 3), channels=7, kernel=3, stride=2)
    same("conv_transpose2d", "4x4 stride 2", (3, 3, 3, 3), channels=7, kernel=4, stride=2, bias=False)
    same("conv_transpose2d", "5x5", (1, 3, 4, 5), channels=3, kernel=5)
    same("conv_transpose2d", "5x5 stride 2", (1, 16, 3, 4), channels=3, kernel=5, stride=2)
    same("conv_transpose2d", "6x6", (1, 1, 4, 5), channels=7, kernel=6)
    same("conv_transpose2d", "7x7 stride 3", (1, 3, 2, 3), channels=1, kernel=7, stride=3)
    same("conv_transpose2d", "5x3 stride 2", (1, 1, 3, 4), channels=16, kernel=[5, 3], stride=2)

    norm = {"type": "batch_norm", "momentum": 0.99, "epsilon": 1e-3}
    for mode in ("training", "evaluation"):
        add_keras(file, "batch_norm of rows, " + mode, norm, (7, 5), mode)
        add_keras(file, "batch_norm of pictures, " + mode, norm, (3, 7, 3, 4), mode)

    def loss(name, x, value, **case):
        with tf.GradientTape() as tape:
            given = tf.Variable(x)
            y = value(given)
        file.add({"name": name} | case, {"x": x}, {"y": y.numpy(), "dx": tape.gradient(y, given).numpy()})

    ones, zeros = tf.ones((5, 1), "float64"), tf.zeros((5, 1), "float64")
    clipped = np.array([[0.0], [0.25], [0.5], [0.875], [1]])
    loss("bce_on_probabilities, clipped, real", clipped, lambda x: keras.losses.BinaryCrossentropy()(ones, x),
         loss="bce_on_probabilities", target=1)
    loss("bce_on_probabilities, clipped, fake", clipped, lambda x: keras.losses.BinaryCrossentropy()(zeros, x),
         loss="bce_on_probabilities", target=0, only_in_double="1 - 1e-7 is no float")
    loss("bce_with_logits", numbers_for("losses")(5, 1) * 4,
         lambda x: keras.losses.BinaryCrossentropy(from_logits=True)(ones, x), loss="bce_with_logits", target=1)
    file.write()


# Operations that stand in no configuration by themselves ---------------------------------------------------------------


def operations():
    file = File("operations", PYTORCH)

    def add(name, arguments, f, whole=(), **options):
        """y = f(arguments), of which those in `whole` are whole numbers without a gradient."""
        normal = numbers_for(name)
        given = [np.array(a) if i in whole else normal(*a) for i, a in enumerate(arguments)]
        vars = [torch.tensor(a, requires_grad=i not in whole) for i, a in enumerate(given)]
        y = f(*vars)
        cotangent = normal(*y.shape)
        trained = {i: var for i, var in enumerate(vars) if i not in whole}
        gradients = torch.autograd.grad(y, list(trained.values()), torch.tensor(cotangent))
        file.add({"name": name} | options, {f"x{i}": a for i, a in enumerate(given)} | {"dy": cotangent},
                 {"y": y} | {f"dx{i}": g for i, g in zip(trained, gradients)})

    def pool(kind, name, shape, kernel, stride, padding=(0, 0), **options):
        f = F.max_pool2d if kind == "max_pool2d" else F.avg_pool2d
        extra = {"count_include_pad": options.get("count_padding", False)} if kind == "avg_pool2d" else {}
        add(f"{kind} {name}", [shape], lambda x: f(x, kernel, stride, padding, **extra), operation=kind,
            kernel=pair(kernel), stride=pair(stride), padding=list(padding), **options)

    for kind in ("max_pool2d", "avg_pool2d"):
        pool(kind, "2x2 stride 2", (3, 3, 4, 6), 2, 2)
        pool(kind, "2x2 stride 2, a row left over", (1, 3, 5, 5), 2, 2)
        pool(kind, "3x3 stride 2, padded", (3, 1, 6, 5), 3, 2, (1, 1))
        pool(kind, "3x2 stride 1x2", (1, 7, 5, 6), [3, 2], [1, 2])
        pool(kind, "5x3, padded by 2 and 1", (1, 3, 5, 4), [5, 3], 1, (2, 1))
    pool("avg_pool2d", "3x3 stride 2, padding counts", (3, 1, 6, 5), 3, 2, (1, 1), count_padding=True)
    add("global_avg_pool", [(3, 7, 3, 4)], lambda x: x.mean((2, 3)), operation="global_avg_pool")
    for factors in ([2, 2], [3, 2]):
        add(f"upsample {factors[0]}x{factors[1]}", [(3, 3, 2, 3)], operation="upsample", factors=factors,
            f=lambda x: F.interpolate(x, scale_factor=[float(factor) for factor in factors], mode="nearest"))
    add("embedding", [(5, 3), [4, 0, 4, 4, 2, 0, 1]], lambda w, n: F.embedding(n, w), whole=[1], operation="embedding")
    add("embedding, 70 rows", [(3, 2), [i * i % 3 for i in range(70)]], lambda w, n: F.embedding(n, w), whole=[1],
        operation="embedding")
    add("layer_norm of rows", [(5, 7), (7,), (7,)], lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5),
        operation="layer_norm", epsilon=1e-5)
    add("layer_norm of pictures", [(3, 2, 3, 4), (2, 3, 4), (2, 3, 4)],
        lambda x, w, b: F.layer_norm(x, w.shape, w, b, 0.125), operation="layer_norm", epsilon=0.125)
    for axis in (-1, 1):
        add(f"softmax along {axis}", [(3, 4, 5)], lambda x: F.softmax(x, axis), operation="softmax", axis=axis)
        add(f"log_softmax along {axis}", [(3, 4, 5)], lambda x: F.log_softmax(x, axis), operation="log_softmax", axis=axis)

    def spectral(name, layer, shape, axis, mode, module):
        normal = numbers_for(name)
        given = {f"0.{key}": value for key, value in
                 [(key[2:], value) for key, value in weights_of([layer], shape, normal).items()]}
        wrapped = torch.nn.utils.spectral_norm(module, dim=axis)
        wrapped.train(mode == "training")
        state = {"bias": given["0.bias"], "weight_orig": given["0.weight"]}
        for key in ("weight_u", "weight_v"):
            state[key] = normal(*wrapped.state_dict()[key].shape)
            state[key] = (state[key] / np.linalg.norm(state[key])).astype(np.float32).astype(np.float64)
        wrapped.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
        x = torch.tensor(normal(*shape), requires_grad=True)
        y = wrapped(x)
        cotangent = normal(*y.shape)
        trained = dict(wrapped.named_parameters())
        dx, *gradients = torch.autograd.grad(y, [x, *trained.values()], torch.tensor(cotangent))
        expected = {"y": y, "dx": dx} | {f"gradient/{key}": g for key, g in zip(trained, gradients)}
        expected |= {f"after/{key}": value for key, value in wrapped.named_buffers()}
        file.add({"name": name, "spectral_norm": [layer], "axis": axis, "mode": mode},
                 {"x": x, "dy": cotangent} | {f"initial/{key}": value for key, value in state.items()}, expected)

    for mode in ("training", "evaluation"):
        spectral("spectral_norm of linear, " + mode, {"type": "linear", "features": 5}, (3, 4), 0, mode,
                 torch.nn.Linear(4, 5))
        spectral("spectral_norm of conv2d, " + mode,
                 {"type": "conv2d", "channels": 4, "kernel": 3, "stride": 2, "padding": 1}, (3, 3, 5, 5), 0, mode,
                 torch.nn.Conv2d(3, 4, 3, 2, 1))
        spectral("spectral_norm of conv_transpose2d, " + mode,
                 {"type": "conv_transpose2d", "channels": 2, "kernel": 4, "stride": 2, "padding": 1}, (1, 3, 3, 3), 1,
                 mode, torch.nn.ConvTranspose2d(3, 2, 4, 2, 1))
    file.write()


# Optimisers: a hundred steps ------------------------------------------------------------------------------------------

STEPS, KEPT = 100, (1, 2, 3, 10, 100)


def optimizers():
    file = File("optimizers", f"{PYTORCH}; {KERAS}")
    normal = numbers_for("optimizers")
    weight, bias = normal(8, 3), normal(8)
    # Gradients of all sizes, from much less than epsilon on; some never come.
    scale = 10.0 ** np.linspace(-9, 1, 32)
    scale[::11] = 0
    gradients = (normal(STEPS, 32) * scale).astype(np.float32).astype(np.float64)

    def pytorch(make):
        parameters = [torch.tensor(weight, requires_grad=True), torch.tensor(bias, requires_grad=True)]
        optimizer = make(parameters)
        for gradient in gradients:
            parameters[0].grad = torch.tensor(gradient[:24].reshape(8, 3))
            parameters[1].grad = torch.tensor(gradient[24:])
            optimizer.step()
            yield [p.detach().numpy().copy() for p in parameters]

    def in_keras(optimizer):
        parameters = [keras.Variable(weight), keras.Variable(bias)]
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient[:24].reshape(8, 3)), tf.constant(gradient[24:])], parameters)
            yield [p.numpy().copy() for p in parameters]

    def add(name, optimizer, steps):
        expected = {}
        for number, (w, b) in enumerate(steps, 1):
            if number in KEPT:
                expected |= {f"after {number}/0.weight": w, f"after {number}/0.bias": b}
        file.add({"name": name, "optimizer": optimizer}, {}, expected)

    file.tensors |= {"gradients": gradients.astype(np.float32), "initial/0.weight": weight.astype(np.float32),
                     "initial/0.bias": bias.astype(np.float32)}
    adam = {"type": "adam", "learning_rate": 0.01, "beta1": 0.5, "beta2": 0.999}
    add("Adam in PyTorch", adam | {"epsilon": 1e-8, "epsilon_place": "after_correction"},
        pytorch(lambda p: torch.optim.Adam(p, 0.01, (0.5, 0.999), 1e-8)))
    add("Adam in PyTorch, large epsilon", adam | {"beta1": 0.9, "epsilon": 0.125, "epsilon_place": "after_correction"},
        pytorch(lambda p: torch.optim.Adam(p, 0.01, (0.9, 0.999), 0.125)))
    # TensorFlow rounds these constants to floats, even in double precision: take some that floats are.
    rate, beta1, beta2 = 2**-7, 1 - 2**-3, 1 - 2**-10
    for name, epsilon in (("Adam in Keras", 2**-23), ("Adam in Keras, large epsilon", 2**-3)):
        add(name, {"type": "adam", "learning_rate": rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon,
                   "epsilon_place": "outside_correction"}, in_keras(keras.optimizers.Adam(rate, beta1, beta2, epsilon)))
    add("SGD in PyTorch", {"type": "sgd", "learning_rate": 0.01}, pytorch(lambda p: torch.optim.SGD(p, 0.01)))
    add("SGD with momentum in PyTorch", {"type": "sgd", "learning_rate": 0.01, "momentum": 0.9},
        pytorch(lambda p: torch.optim.SGD(p, 0.01, 0.9)))
    add("AdamW in PyTorch", {"type": "adamw", "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
                             "epsilon_place": "after_correction", "weight_decay": 0.05},
        pytorch(lambda p: torch.optim.AdamW(p, 0.01, (0.9, 0.999), 1e-8, 0.05)))
    for centered in (False, True):
        how = ", centered" if centered else ""
        rms = {"type": "rmsprop", "momentum": 0.5, "centered": centered}
        add("RMSProp in PyTorch" + how, rms | {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-8, "form": "pytorch"},
            pytorch(lambda p: torch.optim.RMSprop(p, 0.01, 0.9, 1e-8, 0, 0.5, centered)))
        add("RMSProp in Keras" + how, rms | {"learning_rate": rate, "rho": beta1, "epsilon": 2**-23, "form": "keras"},
            in_keras(keras.optimizers.RMSprop(rate, beta1, 0.5, 2**-23, centered)))
    file.write()


# Gradient penalties: PyTorch differentiates its own backward pass -----------------------------------------------------


def gradient_penalties():
    file = File("gradient-penalties", PYTORCH)

    def add(name, critic, shape):
        normal = numbers_for(name)
        given = weights_of(critic, shape, normal)
        given = {key: (value / 4).astype(np.float32).astype(np.float64) for key, value in given.items()}
        weights = {key: torch.tensor(value, requires_grad=True) for key, value in given.items()}
        x = torch.tensor(normal(*shape), requires_grad=True)
        judged = run_pytorch(critic, x, weights, "training")
        slope, = torch.autograd.grad(judged.sum(), x, create_graph=True)
        norms = slope.flatten(1).norm(dim=1)
        penalty = ((norms - 1) ** 2).mean()
        gradients = torch.autograd.grad(penalty, list(weights.values()), allow_unused=True, materialize_grads=True)
        expected = {"y": judged, "norms": norms, "penalty": penalty}
        expected |= {f"gradient/{key}": value for key, value in zip(weights, gradients)}
        given = {f"initial/{key}": value for key, value in given.items()}
        file.add({"name": name, "network": critic, "mode": "training"}, {"x": x} | given, expected)

    leaky, last = {"type": "leaky_relu", "slope": 0.2}, [{"type": "flatten"}, {"type": "linear", "features": 1}]
    add("leaky_relu", [
        {"type": "conv2d", "channels": 4, "kernel": 4, "stride": 2, "padding": 1}, leaky,
        {"type": "conv2d", "channels": 6, "kernel": 3, "stride": 2, "padding": 1}, leaky, *last], (5, 1, 8, 8))
    add("tanh", [
        {"type": "conv2d", "channels": 4, "kernel": 3, "padding": 1}, {"type": "tanh"},
        {"type": "conv2d", "channels": 3, "kernel": 3, "stride": 2, "padding": [0, 1, 0, 1]}, {"type": "sigmoid"}, *last],
        (3, 3, 6, 6))
    add("transposed convolution", [
        {"type": "conv_transpose2d", "channels": 3, "kernel": 4, "stride": 2, "padding": 1}, {"type": "tanh"}, *last],
        (3, 2, 3, 3))
    file.write()


layers_in_pytorch()
layers_in_keras()
operations()
optimizers()
gradient_penalties()
