"""Backbones: finds them, checks them and describes their architectures. No torch."""

# Programs that `artifact export` wrote import it from here.
from adapterxlt.backbones.find import resolve_backbone as resolve_backbone
