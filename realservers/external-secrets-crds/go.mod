// Pins the External Secrets release whose CRDs our manifests are validated against. Only its files are read; nothing is built.
module goldenpath.io/realservers/external-secrets-crds

go 1.24

require github.com/external-secrets/external-secrets v0.20.4
