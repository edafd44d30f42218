# What the scripts for the frameworks share: sizes of the recipes, and how their steps are timed.
import statistics
import sys
import time

THREADS = 2
LATENT = 100
PICTURES = {"S0": (32, 32, 3), "S2": (28, 28, 1), "S3": (28, 28, 1), "S4": (28, 28, 1)}  # height, width, channels
BATCH = {"S0": 64, "S2": 128, "S3": 128, "S4": 256}  # real pictures in a step, and as many fakes


def time_step(version, make_step):
    """make_step(recipe) returns a function without arguments that does one whole step."""
    step = make_step(sys.argv[1])
    for _ in range(3):
        step()
    times = []
    for _ in range(7):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(version, statistics.median(times))
