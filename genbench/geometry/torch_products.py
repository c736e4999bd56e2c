"""Products on a device that torch knows: what reductions ask is answered there, and only the answers leave it."""

import torch
from torch import Tensor

from genbench.geometry.cloud import Vectors
from genbench.geometry.products import CubeSums, Cubing, Pairs, Products


class TorchProducts(Products):
    """Products as a float32 tensor [r, c] on its device; float32 throughout, never TF32."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    @classmethod
    def of(cls, a: Vectors, b: Vectors, device: str) -> "TorchProducts":
        """The products of two sets of vectors, [r, d] and [c, d], multiplied on the device.

        Raises:
            ValueError: TF32 is switched on, which keeps too few digits.
        """
        if torch.get_float32_matmul_precision() != "highest":
            raise ValueError("matrix products must have torch's 'highest' float32 precision")
        return cls(torch.from_numpy(a).to(device) @ torch.from_numpy(b).to(device).T)

    def turned(self) -> Products:
        """The same with rows and columns exchanged; no copy."""
        return TorchProducts(self._tensor.T)

    def above(self, row_bound: Vectors, column_bound: Vectors) -> Pairs:
        """The pairs that reach their bounds."""
        reached = self._tensor - self._here(column_bound) >= self._here(row_bound)[:, None]
        return self._pairs(reached)

    def leading(self, column_bound: Vectors, count: int) -> Pairs:
        """The pairs that lead their rows."""
        nearness = self._tensor - self._here(column_bound)
        count = min(count, nearness.shape[1])
        last = nearness.topk(count, dim=1).values[:, -1:]
        lead, level = nearness > last, nearness == last
        lead |= level & (level.cumsum(1) <= count - lead.sum(1, keepdim=True))
        return self._pairs(lead)

    def cube_sums(self, cubing: Cubing) -> CubeSums:
        """Sums of the kernel's values, in float64."""
        root = self._tensor * cubing.scale
        root += self._here(cubing.row_shift)[:, None]
        root += self._here(cubing.column_shift)
        kernel = root.square().mul_(root)
        if not cubing.diagonal:
            kernel.fill_diagonal_(0)
        partial = self._here(cubing.row_subsets) @ kernel  # [B, c]
        of_subset = (partial.double() * self._here(cubing.column_subsets)).sum(1)
        sums = (kernel.sum(1, dtype=torch.float64), kernel.sum(0, dtype=torch.float64), of_subset)
        return CubeSums(*(part.cpu().numpy() for part in sums))

    def _here(self, values: Vectors) -> Tensor:
        return torch.tensor(values, device=self._tensor.device)

    def _pairs(self, chosen: Tensor) -> Pairs:
        i, j = chosen.nonzero(as_tuple=True)
        return Pairs(i.cpu().numpy(), j.cpu().numpy(), self._tensor[i, j].cpu().numpy())
