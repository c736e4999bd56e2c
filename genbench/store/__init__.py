"""Store: what lies in a run's folders: stages and their manifests, data, tensors, checkpoints, secrets."""
