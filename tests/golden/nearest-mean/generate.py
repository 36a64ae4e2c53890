"""Golden numbers of the nearest-mean classifier, by NumPy and, without normalisation, by scikit-learn's NearestCentroid.

python generate.py    (numpy 2.4.6, scikit-learn 1.9.1, safetensors)

Classes lie close together, so that many examples are taken for another class; labels leave gaps, and class 9 is only tested.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sklearn.neighbors import NearestCentroid

HERE = Path(__file__).parent
rng = np.random.default_rng(7)
LABELS = np.array([0, 2, 3, 5, 8])
CENTRES = rng.normal(size=(10, 6))


def draw(labels):
    return (CENTRES[labels] + 0.9 * rng.normal(size=(len(labels), 6)) * (1 + labels[:, None] / 4)).astype(np.float32)


train = rng.choice(LABELS, size=60)
test = np.concatenate([rng.choice(LABELS, size=80), np.full(4, 9)])
arrays = {
    "features": draw(train),
    "labels": train.astype(np.int64),
    "test_features": draw(test),
    "test_labels": test.astype(np.int64),
}
save_file(arrays, HERE / "features.safetensors")


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def predict(normalize, distance):
    x, y = (arrays[name].astype(np.float64) for name in ("features", "test_features"))
    if normalize:
        x, y = unit(x), unit(y)
    means = np.stack([x[train == label].mean(0) for label in LABELS])
    if distance == "euclidean":
        scores = -((y[:, None] - means[None]) ** 2).sum(2)
    else:
        scores = unit(y) @ unit(means).T
    return LABELS[scores.argmax(1)]


found = []
for normalize in (True, False):
    for distance in ("euclidean", "cosine"):
        predicted = predict(normalize, distance)
        pairs, counts = np.unique(np.stack([test, predicted], 1), axis=0, return_counts=True)
        found.append(
            {
                "normalize": normalize,
                "distance": distance,
                "accuracy": float((predicted == test).mean()),
                "confusion": [[int(a), int(b), int(n)] for (a, b), n in zip(pairs, counts)],
            }
        )

centroid = NearestCentroid().fit(arrays["features"].astype(np.float64), train)
assert (centroid.predict(arrays["test_features"].astype(np.float64)) == predict(False, "euclidean")).all()

(HERE / "expected.json").write_text(json.dumps(found, indent=1) + "\n")
