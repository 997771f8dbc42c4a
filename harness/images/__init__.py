"""Images as arrays, and what can be measured of them. A pure library: it knows no model and no run.

pictures    arrays to PNG and back, and grids of samples
attacks     compression, crops, blur, noise
features    edges and colours, as numbers
classifier  a linear classifier in closed form
neighbours  nearest neighbours, exact, in blocks
quality     Fréchet and kernel distance, precision, recall, density, coverage
copying     do generated records lie closer to the training set than fresh ones?
"""
