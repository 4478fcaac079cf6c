#!/usr/bin/env bash
# ART's SquareAttack in L2 is too weak, and weaker for pictures from 0 to 255 than for those from 0 to 1.
#
# Expected: the attack changes one window of the picture after another and gives it the rest of the budget eps.
#   Pictures, eps and clip_values all times 255 are the same problem, so as many are fooled, by the same steps.
# Seen: ART 1.20.1 divides the pattern of a window by the strength that it should have, instead of
#   multiplying: "a /= b * c" stands where a = a / b * c is meant. A window that should be 4 strong becomes 1 / 4, and
#   one that should be 1020 (4 times 255) next to nothing: what is left of the attack is taking windows away. Where
#   the strength should be 0, the picture that the model is asked about is full of NaN; NumPy warns of a division by
#   zero, and the query is lost. For a norm of infinity the code is another, and right.
# Why it hurts: the attack is the usual check that a defence does not only hide its gradients. It reports a
#   robustness that the network does not have, the more so the larger the numbers are.
# Instead: scale to 0..1 and distrust success rates all the same; use Square of torchattacks or AutoAttack's own
#   for L2; compare with a gradient attack where there are gradients.
# The script asks a linear model about pictures whose distance to the boundary is exactly 1, then does the same
# with ART's module after the product is turned into a quotient.
#
# Output seen:
#   adversarial-robustness-toolbox 1.20.1, numpy 2.4.6
#   eps 4 times the distance, as it is, pictures from 0 to 1: 3 of 8 fooled, queries with NaN: some
#   eps 4 times the distance, as it is, pictures from 0 to 255: 0 of 8 fooled, queries with NaN: some
#   eps 4 times the distance, quotient, pictures from 0 to 1: 8 of 8 fooled, queries with NaN: none
#   eps 4 times the distance, quotient, pictures from 0 to 255: 8 of 8 fooled, queries with NaN: none
#   eps 6 times the distance, as it is, pictures from 0 to 1: 8 of 8 fooled, queries with NaN: none
#   eps 6 times the distance, as it is, pictures from 0 to 255: 5 of 8 fooled, queries with NaN: some
#   eps 6 times the distance, quotient, pictures from 0 to 1: 8 of 8 fooled, queries with NaN: none
#   eps 6 times the distance, quotient, pictures from 0 to 255: 8 of 8 fooled, queries with NaN: none
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet adversarial-robustness-toolbox==1.20.1 numpy==2.4.6 scipy==1.17.1 \
    scikit-learn==1.9.1 packaging matplotlib "setuptools<81"

OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import inspect
import random

import art
import numpy as np
from art.attacks.evasion import square_attack
from art.estimators.classification import BlackBoxClassifierNeuralNetwork

print(f"adversarial-robustness-toolbox {art.__version__}, numpy {np.__version__}")
side, count, steps = 24, 8, 2000
generator = np.random.default_rng(0)
frequencies = np.fft.fftfreq(side)[:, None] ** 2 + np.fft.fftfreq(side) ** 2
noise = np.fft.fft2(generator.normal(size=(3, side, side)))
weights = np.fft.ifft2(noise * np.exp(-frequencies * (side / 4) ** 2)).real  # smooth, so that windows fit it
weights /= np.linalg.norm(weights)
pictures = 0.4 + 0.2 * generator.random((count, 3, side, side))
distances = ((pictures - 0.5) * weights).sum((1, 2, 3))
pictures += (1 - distances)[:, None, None, None] * weights
assert 0 < pictures.min() and pictures.max() < 1

source = inspect.getsource(square_attack)
product = "keepdims=True)) * np.sqrt(\n                            diff_norm"
assert source.count(product) == 2, "ART computes the strength otherwise now"
mended = {"__name__": "mended"}
exec(compile(source.replace(product, product.replace("* np", "/ np")), "mended", "exec"), mended)


def attack(attack_class, eps, scale):
    """Return how many pictures are fooled, and the share of the model's queries that are not numbers."""
    queries = []

    def predict(batch):
        queries.extend(np.isfinite(batch).all((1, 2, 3)))
        distance = ((batch / scale - 0.5) * weights).sum((1, 2, 3))
        return np.stack([distance, -distance], 1).astype(np.float32)

    model = BlackBoxClassifierNeuralNetwork(
        predict, (3, side, side), 2, channels_first=True, clip_values=(0, scale)
    )
    np.random.seed(0)
    random.seed(0)
    attacker = attack_class(model, norm=2, eps=eps * scale, max_iter=steps, verbose=False)
    labels = np.eye(2, dtype=np.float32)[np.zeros(count, int)]
    found = attacker.generate((scale * pictures).astype(np.float32), labels)
    lengths = np.linalg.norm((found / scale - pictures).reshape(count, -1), axis=1)
    assert lengths.max() < eps * 1.001, "the attack leaves its budget"
    distance = ((found / scale - 0.5) * weights).sum((1, 2, 3))
    return int((distance < 0).sum()), 1 - np.mean(queries)


for eps in (4.0, 6.0):
    fooled = {}
    for name, attack_class in (("as it is", square_attack.SquareAttack), ("quotient", mended["SquareAttack"])):
        for scale in (1.0, 255.0):
            fooled[name, scale], lost = attack(attack_class, eps, scale)
            print(
                f"eps {eps:.0f} times the distance, {name}, pictures from 0 to {scale:.0f}: "
                f"{fooled[name, scale]} of {count} fooled, queries with NaN: {'some' if lost else 'none'}"
            )
            assert name == "as it is" or lost == 0, "the quotient asks about NaN too"
    assert fooled["as it is", 255] < fooled["as it is", 1], "the scale no longer matters"
    assert eps > 4 or fooled["as it is", 255] <= 2, "ART fools pictures from 0 to 255 now"
    assert fooled["quotient", 1] == fooled["quotient", 255] == count, "the quotient does not mend it"
PYTHON
