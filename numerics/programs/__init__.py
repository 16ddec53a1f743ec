"""The authors' programs: autoencoder, sampled data, presets."""
