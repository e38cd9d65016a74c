"""What the examples share: the photograph, and how their pictures are written."""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

PHOTOGRAPH = Path(__file__).resolve().parents[2] / "examples/data/camera.png"


def photograph() -> np.ndarray:
    """512 x 512 bytes: 0 is black, 255 is white."""
    return np.asarray(Image.open(PHOTOGRAPH))


def save(path: str, *pictures: tuple[str, np.ndarray], rows: int = 1) -> None:
    """Write titled pictures side by side, each from black to white but for its outermost values."""
    columns = len(pictures) // rows
    size = 8 / columns
    figure = Figure(figsize=(size * columns, (size + 0.3) * rows), layout="constrained")
    for axes, (title, picture) in zip(figure.subplots(rows, columns, squeeze=False).flat, pictures):
        darkest, brightest = np.percentile(picture, (0.5, 99.5))
        axes.imshow(picture, cmap="gray", vmin=darkest, vmax=brightest)
        axes.set_title(title)
        axes.axis("off")
    rendered = io.BytesIO()
    figure.savefig(rendered)
    # Few greys make a small file.
    Image.open(rendered).convert("L").quantize(24).save(path, format="png", optimize=True)
    print(f"wrote {path}")
