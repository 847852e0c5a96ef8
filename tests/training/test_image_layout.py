"""How an image lies in memory decides how fast the CNN learns, and nothing else."""

from __future__ import annotations

import torch

from ppodoctor.training.networks import NatureCNN


def test_the_layout_of_images_changes_no_value_and_no_gradient():
    torch.manual_seed(0)
    net = NatureCNN((4, 84, 84))
    image = torch.randint(0, 256, (6, 4, 84, 84), dtype=torch.uint8)
    weight = torch.randn(6, 512)
    plain = torch.relu(net.out(net.layers(image.float() / 255.0)))
    (plain * weight).sum().backward()
    expected = [one.grad.clone() for one in net.parameters()]
    net.zero_grad()
    found = net(image)
    (found * weight).sum().backward()
    assert torch.allclose(found, plain, atol=1e-5)
    for one, gradient in zip(net.parameters(), expected, strict=True):
        assert torch.allclose(one.grad, gradient, rtol=1e-4, atol=1e-5 * float(gradient.abs().max()))
        assert one.is_contiguous()
    with torch.no_grad():
        assert torch.allclose(net(image), plain, atol=1e-5)
