"""Backbones: finds them, checks them and describes their architectures. No torch."""

# Programs written by `artifact export` import it from here.
from adapterxlt.backbones.find import resolve_backbone as resolve_backbone
