"""What `import piaa_tf` offers: priors, tastes, rankings, explanations."""
