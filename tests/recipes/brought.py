"""What somebody has and brings: a network in several files, a pipeline's folder, and the page's recipes for them."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import diffusers
import onnx
import safetensors.torch
import torch
from onnx import TensorProto, helper, numpy_helper
from test_readme import blocks
from torch import nn

from genbench.contracts.assets import content_sha256

PAGE = Path(__file__).parents[2] / "docs/bring-your-own.md"
CODES = {found[1]: code for code in blocks(PAGE, "python") if (found := re.search(r'source = "([^"]+)"', code))}
(FROM_SAFETENSORS,) = [code for code in blocks(PAGE, "python") if "safetensors.torch.load_file" in code]


def network(width: int = 64) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, width), nn.Tanh())


def graph(net: nn.Sequential) -> onnx.ModelProto:
    """The same network as an ONNX graph, written by ONNX's own tools."""
    weight, bias = (
        numpy_helper.from_array(p.detach().numpy(), name) for p, name in zip(net[0].parameters(), "wb", strict=True)
    )
    nodes = [helper.make_node("Gemm", ["z", "w", "b"], ["y"], transB=1), helper.make_node("Tanh", ["y"], ["x"])]
    z, x = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", d]) for name, d in (("z", 16), ("x", 64)))
    return helper.make_model(
        helper.make_graph(nodes, "generator", [z], [x], [weight, bias]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )


@dataclass(frozen=True)
class Brought:
    """What somebody has, and the recipes with its places and digests in them."""

    folder: Path

    def plugin(self, name: str, asset: str = "", code: str = "", sha256: str = "", called: str = "") -> Path:
        """A recipe's file, for an asset of this folder.

        Args:
            code: instead of the page's.
            sha256: instead of the asset's own.
            called: the model's name; "": as on the page.
        """
        code = code or CODES[name]
        if asset:
            place = self.folder / asset
            digest = sha256 or content_sha256(place)
            code, count = re.subn(r'Asset\("[^"]+", 64 \* "0"', f'Asset("{place}", "{digest}"', code)
            assert count == 1
        path = self.folder / f"{(called or name).replace('-', '_')}.py"
        path.write_text(code.replace(f'"{name}"', f'"{called}"') if called else code)
        return path


def loads_safetensors() -> str:
    """The page's first recipe with its line for a .safetensors file."""
    code, count = re.subn(r"^ +self\.net\.load_state_dict\(.*\n", FROM_SAFETENSORS, CODES["my-gan"], flags=re.MULTILINE)
    assert count == 1
    return f"import safetensors.torch\n{code}"


class Code:
    """What a pickle would run."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def laid(folder: Path) -> Brought:
    """A network's weights in a folder, in four forms, and a pipeline of diffusers."""
    net = network()
    safetensors.torch.save_file(net.state_dict(), folder / "generator.safetensors")
    torch.save(net.state_dict(), folder / "generator.pt")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.")
        torch.jit.script(net).save(folder / "generator.ts.pt")
    onnx.save(graph(net), folder / "generator.onnx")
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )
    diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(num_train_timesteps=20)).save_pretrained(folder / "my-ddpm")
    return Brought(folder)
