"""First-party probes, declared as entry points exactly like a stranger's.

One probe, one class, one file, in the folder of its family. What several families share lies here:

    questions    rows of question data sets as one record
    letters      options shown under letters, and the letter found in a reply
    sampling     which rows are used
    replies      what a reply holds, and scripted replies for controls
    summaries    scores → estimates, or their absence
    attributes   what pictures show: real ones, asked-for ones, made-up ones
    rulers       classifiers of attributes, and the mistakes they make

Probes ask and judge; they never see a model, and no family imports another.
"""
