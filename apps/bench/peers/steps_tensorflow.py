# One training step of a recipe in TensorFlow, each in the dialect of its tutorial: Keras 2's train_on_batch (S0, S2), a
# TF1 graph (S3), tf.function (S4). Prints version and seconds; apps/bench/steps runs it.
# By hand: python3 apps/bench/peers/steps_tensorflow.py S2
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from recipes import BATCH, LATENT, PICTURES, THREADS, time_step

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
layers = keras.layers


def conv(channels, kernel, stride, **more):
    return layers.Conv2D(channels, kernel, strides=stride, padding="same", **more)


def transposed(channels, kernel, stride, **more):
    return layers.Conv2DTranspose(channels, kernel, strides=stride, padding="same", **more)


def networks(recipe):
    leaky = lambda: layers.LeakyReLU(alpha=0.3 if recipe == "S4" else 0.2)
    norm = layers.BatchNormalization
    if recipe == "S0":
        g = [layers.Dense(4096), leaky(), layers.Reshape((4, 4, 256))]
        for _ in range(3):
            g += [transposed(128, 4, 2), leaky()]
        g += [conv(3, 3, 1, activation="tanh")]
        d = []
        for channels in (64, 128, 128, 256):
            d += [conv(channels, 3, 2), leaky()]
        d += [layers.Flatten(), layers.Dropout(0.4), layers.Dense(1, activation="sigmoid")]
    elif recipe == "S2":
        g = [layers.Dense(6272), leaky(), layers.Reshape((7, 7, 128))]
        g += [transposed(128, 4, 2), leaky(), transposed(128, 4, 2), leaky(), conv(1, 7, 1, activation="sigmoid")]
        d = [conv(64, 3, 2), leaky(), layers.Dropout(0.2), conv(64, 3, 2), leaky(), layers.Dropout(0.2)]
        d += [layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    elif recipe == "S3":
        g = [layers.Dense(6272), norm(), layers.ReLU(), layers.Reshape((7, 7, 128))]
        g += [transposed(64, 5, 2), norm(), layers.ReLU(), transposed(1, 5, 2, activation="tanh")]
        d = [conv(64, 5, 2), norm(), leaky(), conv(128, 5, 2), norm(), leaky()]
        d += [layers.Flatten(), layers.Dense(1024), norm(), leaky(), layers.Dense(2)]
    else:
        g = [layers.Dense(12544, use_bias=False), norm(), leaky(), layers.Reshape((7, 7, 256))]
        for channels, stride in ((128, 1), (64, 2)):
            g += [transposed(channels, 5, stride, use_bias=False), norm(), leaky()]
        g += [transposed(1, 5, 2, use_bias=False, activation="tanh")]
        d = [conv(64, 5, 2), leaky(), layers.Dropout(0.3), conv(128, 5, 2), leaky(), layers.Dropout(0.3)]
        d += [layers.Flatten(), layers.Dense(1)]
    g = keras.Sequential([keras.Input((LATENT,)), *g])
    d = keras.Sequential([keras.Input(PICTURES[recipe]), *d])
    return g, d


def latents(count):
    return np.random.normal(size=(count, LATENT)).astype("float32")


def keras_step(recipe):
    """S0 and S2: a compiled discriminator, and both networks in one model in which it does not learn."""
    g, d = networks(recipe)
    adam = lambda: keras.optimizers.Adam(learning_rate=2e-4, beta_1=0.5)
    d.compile(loss="binary_crossentropy", optimizer=adam(), metrics=["accuracy"])
    d.trainable = False
    both = keras.Sequential([g, d])
    both.compile(loss="binary_crossentropy", optimizer=adam())
    batch = BATCH[recipe]
    real = np.random.uniform(size=(batch, *PICTURES[recipe])).astype("float32")
    ones, zeros = np.ones((batch, 1), "float32"), np.zeros((batch, 1), "float32")

    def step():
        fake = g.predict(latents(batch), verbose=0)
        if recipe == "S0":
            d.train_on_batch(real, ones)
            d.train_on_batch(fake, zeros)
        else:
            d.train_on_batch(np.concatenate([real, fake]), np.concatenate([ones, zeros]))
        both.train_on_batch(latents(2 * batch), np.ones((2 * batch, 1), "float32"))

    return step


def graph_step(recipe):
    """S3: a graph with two minimisers, run one after the other in a session."""
    v1 = tf.compat.v1
    v1.disable_eager_execution()
    batch = BATCH[recipe]
    g, d = networks(recipe)
    pictures = v1.placeholder(tf.float32, (None, *PICTURES[recipe]))
    z = v1.placeholder(tf.float32, (None, LATENT))
    on_real = d(pictures, training=True)
    on_fake = d(g(z, training=True), training=True)

    def loss(verdict, label):
        labels = tf.fill((tf.shape(verdict)[0],), label)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=verdict))

    adam = lambda: v1.train.AdamOptimizer(learning_rate=2e-3, beta1=0.5, beta2=0.999)
    learn = adam().minimize(loss(on_real, 1) + loss(on_fake, 0), var_list=d.trainable_weights)
    answer = adam().minimize(loss(on_fake, 1), var_list=g.trainable_weights)
    options = v1.ConfigProto(intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS)
    session = v1.Session(config=options)
    session.run(v1.global_variables_initializer())
    real = np.random.uniform(-1, 1, size=(batch, *PICTURES[recipe])).astype("float32")
    uniform = lambda: np.random.uniform(-1, 1, size=(batch, LATENT)).astype("float32")

    def step():
        session.run(learn, {pictures: real, z: uniform()})
        session.run(answer, {z: uniform()})

    return step


def function_step(recipe):
    """S4: one traced function, both gradients from one forward pass."""
    g, d = networks(recipe)
    g_optimizer, d_optimizer = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    batch = BATCH[recipe]
    real = tf.random.uniform((batch, *PICTURES[recipe]), -1, 1)

    @tf.function
    def learn(real):
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = g(tf.random.normal((batch, LATENT)), training=True)
            on_real, on_fake = d(real, training=True), d(fake, training=True)
            g_loss = loss(tf.ones_like(on_fake), on_fake)
            d_loss = loss(tf.ones_like(on_real), on_real) + loss(tf.zeros_like(on_fake), on_fake)
        g_gradients = g_tape.gradient(g_loss, g.trainable_variables)
        d_gradients = d_tape.gradient(d_loss, d.trainable_variables)
        g_optimizer.apply_gradients(zip(g_gradients, g.trainable_variables))
        d_optimizer.apply_gradients(zip(d_gradients, d.trainable_variables))
        return d_loss

    return lambda: learn(real).numpy()


def make_step(recipe):
    return {"S3": graph_step, "S4": function_step}.get(recipe, keras_step)(recipe)


time_step(tf.__version__, make_step)
