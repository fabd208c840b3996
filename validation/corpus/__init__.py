"""Raw text into packed shards of tokens: a pre-training pipeline in miniature that measures each of its stages.

``python -m validation.corpus --out FOLDER`` runs it; the parts can be used on their own.
"""
