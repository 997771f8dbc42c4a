"""What backends of image generators and of trained models share.

conditions  whether a model can honour what a `DrawAsk` names: a label, a prompt, or neither
parts       work in parts that fit in memory, halved where a device runs out of it
shelf       images of the last replies, by name
records     the training data of a checkpoint: rows for probes, and single records shown
known       what is known of a checkpoint, and of its reference models, without opening weights
telling     how a checkpoint came to be, in words and numbers
papers      the files of a checkpoint that say so, for the evidence
losses      losses of single records, by the model and by its references
starting    the noise that images are made from
pipelines   what a folder of a diffusers pipeline holds, and what is refused in it
opening     a pipeline in memory, called with what its signature takes
"""
