"""The examples: each writes a picture; what the README shows of the options runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
image = pytest.importorskip("PIL.Image")

EXAMPLES = Path(__file__).parents[1] / "examples"

NAMES = sorted({path.stem for path in EXAMPLES.glob("*.py")} - {"pictures"})
OPTIONS = {"large_mosaic": ["--tiles", "2"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_writes_its_picture(name, tmp_path):
    path = tmp_path / "picture.png"
    command = [sys.executable, EXAMPLES / f"{name}.py", *OPTIONS.get(name, []), path]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    picture = np.asarray(image.open(path).convert("L"))
    width = picture.shape[1]
    assert width > 700
    # Before on the left, after on the right: neither is blank, and they are not the same.
    before, after = picture[:, : width // 4], picture[:, -(width // 4):]
    assert before.std() > 20 and after.std() > 20
    assert (before != after).mean() > 0.1


def test_the_readmes_first_example_and_options(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (EXAMPLES.parent / "README.md").read_text(), re.DOTALL)
    names = {}
    for block in blocks[:2]:
        exec(block.replace("(2048, 2048)", "(40, 50)").replace("(512, 512, 3)", "(40, 50, 3)"), names)
    assert "axis_modes" in blocks[1]
    assert capsys.readouterr().out.endswith("100%\n")
