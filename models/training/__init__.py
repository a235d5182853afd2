"""Training: the recipe of the default model `street-n`, from a data set in YOLO format to a checkpoint.

    dataset.py   what is in a data set, what is wrong with it, and which pictures to show more often
    train.py     Ultralytics, with the settings that were found to work on small data sets and few cores

`ngatu models export` makes the checkpoint runnable, `ngatu models evaluate` measures it; the card is written by hand.
Needs the extra `train` (Ultralytics and torch). Running a model never does.
"""
