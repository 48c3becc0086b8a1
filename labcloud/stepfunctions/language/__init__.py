"""The Amazon States Language: paths, payload templates, intrinsic functions, choices, errors, resources. Pure."""
