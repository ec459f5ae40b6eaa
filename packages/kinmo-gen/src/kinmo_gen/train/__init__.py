"""LightningModules and data modules of the generator's stages. The only place of this package that imports Lightning."""
