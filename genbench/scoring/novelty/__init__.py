"""Novelty: are samples new, or real images shown again, moved, mixed, or drawn from a bank? A gate, not a score.

Against each split, with a split of fresh real data as the control:

    tail          the share that comes as near to the split, in features, as the nearest 1 % of the control
    pixel-tail    the same in pixels
    one-third     the share whose nearest row is, in pixels, at less than a third of the distance of the second nearest
    span          the share that the four nearest rows and a constant explain as well as the best 1 % of the control
    transformed   the share that looks as much like a row, moved, turned, flipped or inverted, as the control's top 1 %

and of the samples among themselves, beside held and test:

    repeats       rows that come again, and the size of the bank that they would be drawn from
    near-repeats  the share that has one to four others at less than a third of the distance of the next

Sequences with an end, of which many are so short that good models hit them, have one test in the place of all these:

    hits          the share that is a row of the split, to the bit; the control's hits a row tell what chance gives

The control of train, valid and test is held, which no plugin ever sees; held's own control is test, since a plugin may
carry public real data. All but the first two of many rows are flagged by one rule, `genbench.geometry.excess`. A sample
that is constant is no copy; a model that shows fewer than one image for every eight of its samples, or one image often
and others once, has collapsed, which coverage shows, and is no bank. The harness's own controls may show held: they are
not held against it, nor asked for a bank. A clear verdict means not refuted, and is no promise of privacy.
"""
