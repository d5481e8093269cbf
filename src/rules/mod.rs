//! Which line of a key answers: conditions, splits, hours and caps. Pure: it knows who
//! asks and what time it is, and neither links nor files.
