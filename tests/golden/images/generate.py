"""Golden pixels for packages/datasets, made with Pillow, NumPy and transformers.

    python generate.py     (writes beside itself)

Made with Pillow 13.0.0, NumPy 2.4.6 and transformers 5.23.0 (its Pillow backend). The picture is a gradient with waves and
noise, so that every filter has something to ring at.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = Path(__file__).parent
FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]
SIZES = [(20, 31), (47, 30), (19, 61), (80, 97), (1, 1)]


def picture(height, width, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = 60 * np.sin(x[..., None] / np.array([3.0, 5.0, 9.0]) + y[..., None] / 4.0)
    base = np.stack([4 * x, 5 * y, 2 * (x + y)], axis=-1)
    return np.clip(base + waves + random.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)


def write_files():
    photo = Image.fromarray(picture(47, 61, 1))
    photo.save(HERE / "photo.png")
    photo.convert("L").save(HERE / "grey.png")
    photo.quantize(32).save(HERE / "palette.png")
    alpha = photo.copy()
    alpha.putalpha(Image.fromarray(picture(47, 61, 2)[..., 0]))
    alpha.save(HERE / "alpha.png")
    photo.save(HERE / "photo.jpg", quality=90)
    photo.save(HERE / "lossless.webp", lossless=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(HERE / "turned.jpg", quality=95, subsampling=0, exif=exif)


def decoded():
    arrays = {}
    for path in sorted(HERE.glob("*.[pjw][nep][gb]*")):
        image = ImageOps.exif_transpose(Image.open(path))
        arrays[path.name + "/colour"] = np.asarray(image.convert("RGB"))
        arrays[path.name + "/grey"] = np.asarray(image.convert("RGB").convert("L"))
    return arrays


def resampled():
    photo = Image.open(HERE / "photo.png")
    grey = np.asarray(photo.convert("L"), dtype=np.float32) / np.float32(255)
    arrays = {"float": grey}
    for number, name in enumerate(FILTERS):
        for height, width in SIZES:
            arrays[f"{name}/{height}/{width}"] = np.asarray(photo.resize((width, height), number))
        arrays[f"float/{name}"] = np.asarray(Image.fromarray(grey).resize((25, 70), number))
    return arrays


MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
PROCESSORS = {
    "vit": (ViTImageProcessorPil, {"size": {"height": 32, "width": 24}, "resample": 2}),
    "clip": (
        CLIPImageProcessorPil,
        {
            "size": {"shortest_edge": 30},
            "resample": 3,
            "crop_size": {"height": 28, "width": 27},
            "image_mean": MEAN,
            "image_std": STD,
        },
    ),
    "padded": (
        CLIPImageProcessorPil,
        {
            "size": {"shortest_edge": 20},
            "resample": 3,
            "crop_size": {"height": 25, "width": 21},
            "image_mean": MEAN,
            "image_std": STD,
        },
    ),
    "bytes": (
        ViTImageProcessorPil,
        {"size": {"height": 10, "width": 12}, "resample": 1, "do_rescale": False, "do_normalize": False},
    ),
}


def processed():
    photo = Image.open(HERE / "photo.png")
    configs, arrays = {}, {}
    for name, (kind, settings) in PROCESSORS.items():
        processor = kind(**settings)
        pixels = processor(photo, return_tensors="np")["pixel_values"][0]
        arrays[name] = np.ascontiguousarray(pixels.astype(np.float32).transpose(1, 2, 0))
        configs[name] = json.loads(processor.to_json_string())
    (HERE / "processors.json").write_text(json.dumps(configs, indent=1) + "\n")
    return arrays


def write_arrays():
    images = np.stack([picture(6, 5, seed) for seed in range(4)])
    labels = np.array([2, 0, 1, 0])
    np.savez(HERE / "stored.npz", x=images, y=labels)
    np.savez_compressed(HERE / "packed.npz", images=images[..., 0].astype(np.float32) / 255, labels=labels.astype(np.uint8))
    np.save(HERE / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(HERE / "fortran.npy", np.asfortranarray(images))
    np.save(HERE / "big-endian.npy", images.astype(">f4"))


write_files()
write_arrays()
np.savez_compressed(HERE / "decoded.npz", **decoded())
np.savez_compressed(HERE / "resampled.npz", **resampled())
np.savez_compressed(HERE / "processed.npz", **processed())
