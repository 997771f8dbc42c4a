"""Generators that are trained here, one readable file each.

generator      what a trainable generator is
language       transformer language model, GPT-2 or Llama style, saved for transformers
vae            convolutional variational autoencoder
gan            generator and discriminator in the DCGAN manner
diffusion      denoising diffusion, saved as a diffusers pipeline
text_to_image  latent diffusion with a text encoder, saved as a Stable Diffusion pipeline
kinds          their names, and how one is built or opened

This package is imported by whoever trains or opens a model, and by nothing on the walk: it needs torch.
"""
