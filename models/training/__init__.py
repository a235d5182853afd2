"""Training: the recipe of the default model `street-n`, from a data set in YOLO format to a model with its card.

    train.py     the whole way, `ngatu models train`: check ▶ join ▶ train ▶ export ▶ measure ▶ card
    recipe.py    the settings, which were found to work on small data sets and few cores
    dataset.py   what is in a data set, what is wrong with it, and its form for training
    fit.py       Ultralytics at work, from first weights to the best checkpoint
    card.py      what there is to know of the model, for people

Needs the extra `train` (Ultralytics and torch). Running a model never does.
"""
