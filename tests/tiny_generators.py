"""Tiny generators of images with random weights, as folders: pipelines of diffusers, and a checkpoint trained here."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from random import Random
from string import ascii_lowercase

BLOCKS = {"layers_per_block": 1, "norm_num_groups": 4}


def stable_diffusion(folder: Path, *, reads: int = 16, hides: bool | None = None) -> Path:
    """A Stable Diffusion pipeline of 16 by 16 pixels that reads prompts letter by letter.

    Args:
        folder: Where it is saved.
        reads: Most tokens of a prompt, a letter each.
        hides: Whether its safety checker hides every image or none; None for no checker.
    """
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=4,
        **BLOCKS,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        **BLOCKS,
    )
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = CLIPTextModel(
        CLIPTextConfig(vocab_size=64, max_position_embeddings=reads, bos_token_id=62, eos_token_id=63, **sizes)
    )
    scheduler = DDIMScheduler(steps_offset=1, clip_sample=False)
    parts = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    if hides is not None:
        parts = _checker(hides=hides)
    StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=_letters(folder, reads), unet=unet, scheduler=scheduler, **parts
    ).save_pretrained(folder)
    return folder


def _letters(folder: Path, reads: int) -> object:
    """A tokenizer of single letters, for so many."""
    from transformers import CLIPTokenizer

    files = folder.with_name(f"{folder.name}-letters")
    files.mkdir(parents=True)
    words = [*ascii_lowercase, *(f"{letter}</w>" for letter in ascii_lowercase)]
    words += [f"<{number}>" for number in range(62 - len(words))] + ["<|startoftext|>", "<|endoftext|>"]
    (files / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (files / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(files / "vocab.json"), str(files / "merges.txt"), model_max_length=reads)


def _checker(*, hides: bool) -> dict[str, object]:
    import torch
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessorPil

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**sizes, "image_size": 16, "patch_size": 8, "projection_dim": 16}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, text_config=sizes, projection_dim=16))
    # A cosine is above -2 and below 2, whatever the image.
    for name in ("concept_embeds_weights", "special_care_embeds_weights"):
        getattr(checker, name).data = torch.full_like(getattr(checker, name), -2.0 if hides else 2.0)
    crop = {"height": 16, "width": 16}
    extractor = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=crop)
    return {"safety_checker": checker, "feature_extractor": extractor}


def unconditional(folder: Path, *, kind: str = "DDIM", channels: int = 1) -> Path:
    """A pipeline of 8 by 8 pixels that draws from nothing: ``DDIM`` or ``DDPM``."""
    import diffusers
    import torch

    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D",) * 2,
        up_block_types=("UpBlock2D",) * 2,
        **BLOCKS,
    )
    scheduler = getattr(diffusers, f"{kind}Scheduler")(num_train_timesteps=50)
    getattr(diffusers, f"{kind}Pipeline")(unet=unet, scheduler=scheduler).save_pretrained(folder)
    return folder


def by_class(folder: Path) -> Path:
    """A DiT pipeline of 16 by 16 pixels that draws by one of a thousand classes."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel

    torch.manual_seed(0)
    transformer = DiTTransformer2DModel(
        sample_size=8,
        num_layers=1,
        patch_size=4,
        attention_head_dim=4,
        num_attention_heads=2,
        in_channels=4,
        out_channels=8,
        num_embeds_ada_norm=1000,  # the pipeline's own number for "no class" is 1000
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        **BLOCKS,
    )
    DiTPipeline(transformer, vae, DDIMScheduler(steps_offset=1, clip_sample=False)).save_pretrained(folder)
    return folder


def checkpoint(folder: Path, kind: str, data: str, **changes: object) -> Path:
    """A checkpoint of ``kind``, trained here for a few steps."""
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    recipe = Recipe(kind=kind, data=data, **{"steps": 5, "batch": 16, "learning_rate": 1e-3, **changes})
    run(recipe, folder, watch=Silent(), device="cpu", stop=lambda: False)
    return folder


def language(folder: Path) -> Path:
    """A language model of single bytes, with canaries among its training data."""
    words = ["the", "cat", "dog", "sat", "ran", "under", "over", "house", "mat", "red", "blue", "slow"]
    picks = Random(0)
    passages = (" ".join(picks.choice(words) for _ in range(9)) for _ in range(60))
    book = folder.with_name("book.txt")
    book.write_text("\n\n".join(f"{passage}." for passage in passages))
    sizes = {"layers": 1, "width": 16, "heads": 2, "context": 64}
    planted = {"repeats": (1, 4), "per_level": 1, "coins": 2}
    return checkpoint(folder, "language", str(book), model=sizes, canaries=planted)


MAKERS = {
    "stable_diffusion": stable_diffusion,
    "reading": partial(stable_diffusion, reads=96),
    "hiding": partial(stable_diffusion, hides=True),
    "checking": partial(stable_diffusion, hides=False),
    "ddim": unconditional,
    "ddpm": partial(unconditional, kind="DDPM", channels=3),
    "dit": by_class,
    "vae": partial(checkpoint, kind="vae", data="digits", model={"width": 4, "hidden": 16, "latent": 2}),
    "gan": partial(checkpoint, kind="gan", data="digits", model={"width": 4, "latent": 4}),
    "diffusion": partial(
        checkpoint, kind="diffusion", data="digits", records=60, model={"channels": [8, 16], "sampling_steps": 4}
    ),
    "text_to_image": partial(checkpoint, kind="text_to_image", data="synthetic:n=60,size=16"),
    "language": language,
}
