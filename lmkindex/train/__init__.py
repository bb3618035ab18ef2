"""Training of landmark encoders: recipe -> data -> batches -> loss -> update -> loop -> encoder folder."""
