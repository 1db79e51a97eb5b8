"""The checks of infra/kubernetes/check, a module each."""
