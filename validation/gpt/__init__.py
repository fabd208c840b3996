"""A real training job of a Llama-style GPT on torch.distributed: the system whose step times and failures are forecast.

It needs torch and numpy alone, so the folder can be carried to any machine: ``torchrun -m validation.gpt CONFIG.toml
--out FOLDER``. See the README beside this file.
"""
