//! What is remembered: the journal of a checkout, the record of a run, past durations.
